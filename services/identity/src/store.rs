//! The tables of this service. Each function is one statement or two, and composes with others in one transaction.

pub(crate) mod accounts;
mod entity;
pub(crate) mod failures;
pub(crate) mod keys;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod tokens;

use std::str::FromStr;

use kernel::Timestamp;
use sea_orm::sea_query::{Query, SelectStatement};

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

/// So many rows are removed by one statement, so that others get their turn at the database.
pub(crate) const SWEEP_BATCH: u64 = 500;

fn batch() -> SelectStatement {
    Query::select().limit(SWEEP_BATCH).take()
}
