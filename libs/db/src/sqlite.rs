//! Connections to one SQLite file.
//!
//! Every connection of sqlx is a thread, and each command to it costs two switches of threads, so what counts here is
//! to send few: nothing is sent to check, take or give back a connection, and the statements that begin and end a
//! transaction travel with its first and last one.

mod pool;
mod writer;

use std::sync::Arc;

use futures::TryStreamExt;
use sea_orm::{
    DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    sea_query::Values,
    sqlx::{
        self, AssertSqlSafe, Connection as _, Either, Executor, Sqlite,
        query::Query,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteQueryResult},
    },
};
use sea_query_sqlx::SqlxValues;

pub(crate) use pool::Pool;
pub(crate) use writer::{Turn, Writer};

use crate::error::is_away;

/// How a statement failed, as far as the connection is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    /// The statement had no effect.
    None,
    /// SQLite may have rolled back the whole transaction.
    Transaction,
    /// The connection is of no use any more.
    Connection,
}

impl Damage {
    fn of(error: &sqlx::Error) -> Self {
        match (is_away(error), error.as_database_error()) {
            (false, _) => Self::None,
            (true, Some(_)) => Self::Transaction,
            (true, None) => Self::Connection,
        }
    }
}

/// A connection that remembers what went wrong with it.
struct Connection {
    inner: SqliteConnection,
    damage: Damage,
}

impl Connection {
    async fn open(options: &SqliteConnectOptions) -> Result<Self, DbErr> {
        let inner = SqliteConnection::connect_with(options).await;
        let inner = inner.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(Self { inner, damage: Damage::None })
    }

    async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = self.run(statement.sql, statement.values).await;
        self.noticing(result).map(ExecResult::from).map_err(|error| DbErr::Exec(runtime(error)))
    }

    async fn query_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let result = self.inner.fetch_optional(query(statement.sql, statement.values)).await;
        let row = self.noticing(result).map_err(|error| DbErr::Query(runtime(error)))?;
        Ok(row.map(QueryResult::from))
    }

    async fn query_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let result = self.inner.fetch_all(query(statement.sql, statement.values)).await;
        let rows = self.noticing(result).map_err(|error| DbErr::Query(runtime(error)))?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Whether a command that ends or probes a transaction succeeded. It has no values and is not worth an error.
    async fn succeeds(&mut self, sql: &str) -> bool {
        self.run(sql.to_owned(), None).await.is_ok()
    }

    /// Runs to the end and returns what the last statement did.
    async fn run(&mut self, sql: String, values: Option<Values>) -> Result<SqliteQueryResult, sqlx::Error> {
        let mut results = self.inner.fetch_many(query(sql, values));
        let mut last = SqliteQueryResult::default();
        while let Some(result) = results.try_next().await? {
            if let Either::Left(done) = result {
                last = done;
            }
        }
        Ok(last)
    }

    fn noticing<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if let Err(error) = &result {
            let damage = Damage::of(error);
            if damage != Damage::None && self.damage != Damage::Connection {
                self.damage = damage;
            }
        }
        result
    }

    async fn close(self) {
        if let Err(error) = self.inner.close().await {
            tracing::warn!(error = %error, "closing a connection to the database failed");
        }
    }
}

fn query(sql: String, values: Option<Values>) -> Query<'static, Sqlite, SqlxValues> {
    sqlx::query_with(AssertSqlSafe(sql), SqlxValues(values.unwrap_or(Values(Vec::new()))))
}

fn runtime(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}
