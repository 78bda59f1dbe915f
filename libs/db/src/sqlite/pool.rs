//! Connections for single statements that read.

use std::{
    fmt, mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, Statement, sqlx::sqlite::SqliteConnectOptions};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Connection, Damage};

/// At most so many connections, opened when they are needed first.
pub(crate) struct Pool {
    options: SqliteConnectOptions,
    size: u32,
    acquire_timeout: Duration,
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(options: SqliteConnectOptions, size: u32, acquire_timeout: Duration) -> Self {
        let (idle, closed) = (Mutex::default(), AtomicBool::new(false));
        Self { options, size, acquire_timeout, free: Semaphore::new(size as usize), idle, closed }
    }

    pub(crate) async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lease().await?.connection().execute(statement).await
    }

    pub(crate) async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.lease().await?.connection().query_one(statement).await
    }

    pub(crate) async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lease().await?.connection().query_all(statement).await
    }

    /// Waits for the connections that are in use and closes all.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Fails only when the pool is closed already.
        let Ok(_all) = self.free.acquire_many(self.size).await else { return };
        let idle = mem::take(&mut *self.idle());
        for connection in idle {
            connection.close().await;
        }
        self.free.close();
    }

    /// How many connections are idle and how many are in use.
    pub(crate) fn usage(&self) -> (usize, usize) {
        let used = (self.size as usize).saturating_sub(self.free.available_permits());
        (self.idle().len(), used)
    }

    async fn lease(&self) -> Result<Lease<'_>, DbErr> {
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let permit = tokio::time::timeout(self.acquire_timeout, self.free.acquire()).await;
        let permit = permit.map_err(|_late| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let permit = permit.map_err(|_closed| closed())?;
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.options).await?,
        };
        Ok(Lease { connection: Some(connection), pool: self, _permit: permit })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is in use. Dropping it gives it back, whatever it is still doing: commands run in order.
struct Lease<'a> {
    connection: Option<Connection>,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("only dropping takes the connection away")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take_if(|connection| connection.damage != Damage::Connection) {
            self.pool.idle().push(connection);
        }
    }
}
