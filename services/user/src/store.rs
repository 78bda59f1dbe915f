//! The tables of this service. Each function is one statement or two, and composes with others in one transaction.

pub(crate) mod addresses;
mod entity;
pub(crate) mod profiles;
pub(crate) mod sellers;

use std::str::FromStr;

use kernel::Timestamp;

/// What is stored, read as what it was.
fn read<T>(what: &'static str, text: &str) -> Result<T, db::Error>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error: T::Err| db::Error::Corrupt { what, source: error.into() })
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}
