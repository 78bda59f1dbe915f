//! How the database fails, in kinds that services and clients can act on.

use std::error::Error as StdError;

use kernel::{Classify, Kind};
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::{SCHEMES, SchemaError};

/// Any cause.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Something went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No database has this scheme.
    #[error("no database for the scheme {scheme:?}; there is: {}", SCHEMES.join(", "))]
    UnknownScheme {
        /// The scheme of the URL.
        scheme: String,
    },
    /// The URL of the database is malformed.
    #[error("read the URL of the database")]
    BadUrl(#[source] BoxError),
    /// The database is away, closed, full, or all its connections are taken.
    #[error("reach the database")]
    Unavailable(#[source] DbErr),
    /// Another transaction was in the way, again and again.
    #[error("get a turn at the database")]
    Busy(#[source] DbErr),
    /// The statement failed: a constraint that nobody expected to be violated, or a bug.
    #[error("ask the database")]
    Query(#[source] DbErr),
    /// An event is too large to be published.
    #[error("an event {kind} of {bytes} bytes is too large")]
    TooLarge {
        /// The full protobuf name of the event.
        kind: String,
        /// Its encoded size.
        bytes: usize,
    },
    /// What is stored cannot be read.
    #[error("read {what} from the database")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// The schema is not the one that this program needs.
    #[error("check the schema of the database")]
    Schema(#[from] SchemaError),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match Cause::of(&error) {
            Cause::Busy => Self::Busy(error),
            Cause::Away => Self::Unavailable(error),
            Cause::Other => Self::Query(error),
        }
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) | Self::Busy(_) => Kind::Unavailable,
            Self::UnknownScheme { .. }
            | Self::BadUrl(_)
            | Self::Query(_)
            | Self::TooLarge { .. }
            | Self::Corrupt { .. }
            | Self::Schema(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) | Self::Busy(_) => "DATABASE_UNAVAILABLE",
            Self::UnknownScheme { .. }
            | Self::BadUrl(_)
            | Self::Query(_)
            | Self::TooLarge { .. }
            | Self::Corrupt { .. }
            | Self::Schema(_) => "INTERNAL",
        }
    }
}

impl Error {
    /// The statement lost against another transaction; the whole transaction may be tried again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// What is not unique, as the database words it: `accounts.email` or the name of a constraint.
    /// [`Error::violates`] compares it in a way that holds for every database.
    #[must_use]
    pub fn unique_violation(&self) -> Option<&str> {
        let message = self.violation(sqlx::error::ErrorKind::UniqueViolation)?;
        Some(message.split_once("UNIQUE constraint failed: ").map_or(message, |(_, what)| what))
    }

    /// Whether `unique` refused the change.
    #[must_use]
    pub fn violates(&self, unique: &Unique) -> bool {
        self.unique_violation().is_some_and(|what| unique.is(what))
    }

    /// The name of the `CHECK` constraint that refused the change.
    #[must_use]
    pub fn check_violation(&self) -> Option<&str> {
        let message = self.violation(sqlx::error::ErrorKind::CheckViolation)?;
        Some(message.split_once("CHECK constraint failed: ").map_or(message, |(_, what)| what))
    }

    /// Whether the change refers to a row that does not exist, or would leave one behind that does.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        self.violation(sqlx::error::ErrorKind::ForeignKeyViolation).is_some()
    }

    fn violation(&self, kind: sqlx::error::ErrorKind) -> Option<&str> {
        let Self::Query(error) = self else { return None };
        let database = database_error(error)?;
        (database.kind() == kind).then(|| database.constraint().unwrap_or_else(|| database.message()))
    }
}

/// A unique index or primary key, as SQLite (by columns) and PostgreSQL (by name) report it.
#[derive(Clone, Copy, Debug)]
pub struct Unique {
    /// The name of the index or constraint.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its columns, in the order of the index.
    pub columns: &'static [&'static str],
}

impl Unique {
    fn is(&self, what: &str) -> bool {
        if what == self.name || what.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) == Some(self.name)
        {
            return true;
        }
        let mut columns = what.split(", ");
        let all = self
            .columns
            .iter()
            .all(|expected| columns.next().and_then(|column| column.split_once('.')) == Some((self.table, *expected)));
        all && !self.columns.is_empty() && columns.next().is_none()
    }
}

/// Turns the violation of a unique index into an error of the domain.
pub trait OnUnique<T> {
    /// `instead()` when `unique` refused the change; other errors as they are.
    ///
    /// # Errors
    /// Those of `self`, or `instead()`.
    fn on_unique<E: From<Error>>(self, unique: &Unique, instead: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T, S: Into<Error>> OnUnique<T> for Result<T, S> {
    fn on_unique<E: From<Error>>(self, unique: &Unique, instead: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| {
            let error = error.into();
            if error.violates(unique) { instead() } else { E::from(error) }
        })
    }
}

/// Whether a transaction that ended with `error` may be run again: some cause of it is a lost race for the database.
pub(crate) fn may_retry(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return error.is_transient();
        }
        if let Some(error) = error.downcast_ref::<DbErr>() {
            return matches!(Cause::of(error), Cause::Busy);
        }
        next = error.source();
    }
    false
}

enum Cause {
    Busy,
    Away,
    Other,
}

impl Cause {
    fn of(error: &DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
            return Self::Away;
        }
        if database_error(error).is_some_and(|database| matches!(Self::of_code(database.code().as_deref()), Self::Busy))
        {
            return Self::Busy;
        }
        if sqlx_error(error).is_some_and(is_away) { Self::Away } else { Self::Other }
    }

    /// By SQLite's result code, of which the low byte is the primary one.
    fn of_code(code: Option<&str>) -> Self {
        match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            // SQLITE_BUSY, SQLITE_LOCKED
            Some(5 | 6) => Self::Busy,
            // SQLITE_NOMEM, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_PROTOCOL
            Some(7 | 10 | 13 | 14 | 15) => Self::Away,
            _ => Self::Other,
        }
    }
}

/// Whether the connection, the file or the memory behind it failed, rather than the statement.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    if let Some(database) = error.as_database_error() {
        return matches!(Cause::of_code(database.code().as_deref()), Cause::Away);
    }
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
    )
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    if let DbErr::Exec(error) | DbErr::Query(error) | DbErr::Conn(error) = error
        && let RuntimeErr::SqlxError(error) = error
    {
        return Some(error);
    }
    None
}

fn database_error(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    sqlx_error(error)?.as_database_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: Unique = Unique { name: "accounts_email_key", table: "accounts", columns: &["tenant", "email"] };

    #[test]
    fn a_unique_index_is_known_by_name_and_by_columns() {
        assert!(EMAIL.is("accounts_email_key"));
        assert!(EMAIL.is("index 'accounts_email_key'"));
        assert!(EMAIL.is("accounts.tenant, accounts.email"));
        assert!(!EMAIL.is("accounts.email"));
        assert!(!EMAIL.is("accounts.tenant, accounts.email, accounts.name"));
        assert!(!EMAIL.is("orders.tenant, orders.email"));
    }

    #[test]
    fn a_lost_race_is_found_below_the_error_of_a_service() {
        #[derive(Debug, thiserror::Error)]
        #[error("store orders")]
        struct Store(#[source] Error);

        let busy = || DbErr::Query(RuntimeErr::Internal("busy".to_owned()));
        assert!(may_retry(&Store(Error::Busy(busy()))));
        assert!(!may_retry(&Store(Error::Query(busy()))));
        assert!(!may_retry(&std::fmt::Error));
    }
}
