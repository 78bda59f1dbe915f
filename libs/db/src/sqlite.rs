//! Connections to one SQLite file.
//!
//! Every connection of sqlx is a thread, and each command to it costs two switches of threads, so what counts here is
//! to send few: nothing is sent to check, take or give back a connection, and `BEGIN` travels with the first statement
//! of its transaction. A connection whose transaction was cut off is rolled back before anybody else gets it.

use std::{
    fmt, mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::TryStreamExt;
use sea_orm::{
    ConnAcquireErr, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    sea_query::Values,
    sqlx::{
        self, AssertSqlSafe, Connection, Either, Executor, Sqlite,
        query::Query,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteQueryResult},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::is_away;

/// At most so many connections, opened when they are needed first.
pub(crate) struct Pool {
    options: SqliteConnectOptions,
    size: u32,
    acquire_timeout: Duration,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
    closed: AtomicBool,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(options: SqliteConnectOptions, size: u32, acquire_timeout: Duration) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(size as usize));
        let (idle, closed) = (Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { options, size, acquire_timeout, free, idle, closed })
    }

    /// Takes a connection, in the order of asking.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, DbErr> {
        let free = tokio::time::timeout(self.acquire_timeout, Arc::clone(&self.free).acquire_owned());
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let permit = free.await.map_err(|_late| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let permit = permit.map_err(|_closed| closed())?;
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&self.options)
                .await
                .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?,
        };
        Ok(Lease { connection: Some(connection), permit: Some(permit), state: State::Clean, pool: Arc::clone(self) })
    }

    /// Waits for the connections that are in use and closes all.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Fails only when the pool is closed already.
        let Ok(_all) = self.free.acquire_many(self.size).await else { return };
        let idle = mem::take(&mut *self.idle());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(error = %error, "closing a connection to the database failed");
            }
        }
        self.free.close();
    }

    /// How its connections are opened.
    pub(crate) fn options(&self) -> &SqliteConnectOptions {
        &self.options
    }

    /// How many connections are open and idle, and how many are in use.
    pub(crate) fn usage(&self) -> (usize, usize) {
        let used = (self.size as usize).saturating_sub(self.free.available_permits());
        (self.idle().len(), used)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In no transaction.
    Clean,
    /// A transaction may be open.
    Open,
    /// SQLite may have rolled back by itself: what comes now would be outside of the transaction.
    Lost,
    /// The connection is of no use any more.
    Broken,
}

/// A connection that is in use. Dropping it gives it back.
pub(crate) struct Lease {
    connection: Option<SqliteConnection>,
    permit: Option<OwnedSemaphorePermit>,
    state: State,
    pool: Arc<Pool>,
}

impl Lease {
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = done(self.connection(), statement.sql, statement.values).await;
        self.check(result).map(ExecResult::from).map_err(|error| DbErr::Exec(runtime(error)))
    }

    pub(crate) async fn query_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let result = self.connection().fetch_optional(query(statement.sql, statement.values)).await;
        let row = self.check(result).map_err(|error| DbErr::Query(runtime(error)))?;
        Ok(row.map(QueryResult::from))
    }

    pub(crate) async fn query_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let result = self.connection().fetch_all(query(statement.sql, statement.values)).await;
        let rows = self.check(result).map_err(|error| DbErr::Query(runtime(error)))?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Puts the beginning of the transaction before its first statement.
    pub(crate) fn within_transaction(&mut self, mut statement: Statement) -> Result<Statement, DbErr> {
        match self.state {
            State::Clean => {
                self.state = State::Open;
                statement.sql.insert_str(0, "BEGIN IMMEDIATE; ");
                Ok(statement)
            }
            State::Open => Ok(statement),
            State::Lost | State::Broken => {
                Err(DbErr::Custom("the transaction was lost by an earlier failure".to_owned()))
            }
        }
    }

    /// Commits, after a last statement that travels with it.
    pub(crate) async fn commit(mut self, last: Option<Statement>) -> Result<(), DbErr> {
        if self.state == State::Clean && last.is_none() {
            return Ok(());
        }
        let commit = match last {
            Some(mut last) => {
                last.sql.push_str("; COMMIT");
                last
            }
            None => Statement::from_string(DbBackend::Sqlite, "COMMIT"),
        };
        let commit = self.within_transaction(commit)?;
        self.execute(commit).await?;
        self.state = State::Clean;
        Ok(())
    }

    /// Rolls back what is open. Dropping the lease would do so too, but later.
    pub(crate) async fn rollback(mut self) {
        if matches!(self.state, State::Open | State::Lost) && roll_back(self.connection()).await {
            self.state = State::Clean;
        }
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("only dropping takes the connection away")
    }

    /// Notices when the connection or its transaction cannot be used any more.
    fn check<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if let Err(error) = &result
            && is_away(error)
        {
            self.state = match self.state {
                _ if error.as_database_error().is_none() => State::Broken,
                State::Clean => State::Clean,
                State::Open | State::Lost | State::Broken => State::Lost,
            };
        }
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.state {
            State::Clean => return self.pool.idle().push(connection),
            State::Broken => return,
            State::Open | State::Lost => {}
        }
        // The transaction was cut off. Without a runtime the connection closes, which rolls back as well.
        let (pool, permit) = (Arc::clone(&self.pool), self.permit.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if roll_back(&mut connection).await {
                    pool.idle().push(connection);
                }
                drop(permit);
            });
        }
    }
}

/// Whether the connection is in no transaction now.
async fn roll_back(connection: &mut SqliteConnection) -> bool {
    // Commands run in order, so this one comes after whatever was cut off.
    match done(connection, "ROLLBACK".to_owned(), None).await {
        Ok(_) => true,
        // SQLITE_ERROR: there is no transaction, because it never began or was over already.
        Err(error) => error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("1")),
    }
}

fn query(sql: String, values: Option<Values>) -> Query<'static, Sqlite, SqlxValues> {
    sqlx::query_with(AssertSqlSafe(sql), SqlxValues(values.unwrap_or(Values(Vec::new()))))
}

/// Runs to the end and returns what the last statement did.
async fn done(
    connection: &mut SqliteConnection,
    sql: String,
    values: Option<Values>,
) -> Result<SqliteQueryResult, sqlx::Error> {
    let mut results = connection.fetch_many(query(sql, values));
    let mut last = SqliteQueryResult::default();
    while let Some(result) = results.try_next().await? {
        if let Either::Left(done) = result {
            last = done;
        }
    }
    Ok(last)
}

fn runtime(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}
