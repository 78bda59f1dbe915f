//! Reading values that are stored by name.

use kernel::Timestamp;
use sea_orm::QueryResult;

use crate::Error;

/// What is stored cannot be read: written by another version, or damaged.
pub(crate) fn corrupt(what: &'static str, text: &str) -> Error {
    Error::Store(db::Error::Corrupt { what, source: format!("{text:?} is not known").into() })
}

/// A value of an enum.
pub(crate) fn named<T>(
    row: &QueryResult,
    column: usize,
    what: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    let text: String = row.try_get_by_index(column)?;
    parse(&text).ok_or_else(|| corrupt(what, &text))
}

pub(crate) fn moment(row: &QueryResult, column: usize) -> Result<Timestamp, Error> {
    Ok(Timestamp::from_micros(row.try_get_by_index(column)?))
}

pub(crate) fn optional_moment(row: &QueryResult, column: usize) -> Result<Option<Timestamp>, Error> {
    let micros: Option<i64> = row.try_get_by_index(column)?;
    Ok(micros.map(Timestamp::from_micros))
}

pub(crate) fn count(row: &QueryResult, column: usize) -> Result<u32, Error> {
    let count: i32 = row.try_get_by_index(column)?;
    Ok(u32::try_from(count).unwrap_or(0))
}
