//! Opening a database, and the two ways into it: reading and writing.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use kernel::{Backoff, SharedClock, SharedIds};
use sea_orm::{
    DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector,
    sqlx::{
        self, ConnectOptions,
        pool::PoolOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::Notify;

use crate::{Durability, Error, Options, Scope, Tx, error::may_retry, metrics::DB_POOL_CONNECTIONS};

/// The schemes that [`Db::open`] knows.
pub const SCHEMES: &[&str] = &["sqlite"];

/// How often a transaction is run when others are in the way, and how long it waits in between.
const TRIES: u32 = 4;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(800));

/// One service's database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    service: String,
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    clock: SharedClock,
    ids: SharedIds,
    emitted: Notify,
    temporary: Option<PathBuf>,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("service", &self.0.service).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the database at `url`, creating it if it does not exist. It has no tables yet: see [`crate::Migrator`].
    ///
    /// `sqlite://path/to/file` is a file, `sqlite://:memory:` a temporary file that goes when the database is dropped.
    ///
    /// # Errors
    /// When the scheme is not one of [`SCHEMES`], the URL is malformed, or the file cannot be opened.
    pub async fn open(url: &str, options: Options, clock: SharedClock, ids: SharedIds) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        if scheme != "sqlite" {
            return Err(Error::UnknownScheme { scheme: scheme.to_owned() });
        }
        let temporary = (rest.trim_start_matches('/') == ":memory:")
            .then(|| std::env::temp_dir().join(format!("ultramarket-{}.db", kernel::random_token())));
        let connect = match &temporary {
            Some(file) => SqliteConnectOptions::new().filename(file),
            None => SqliteConnectOptions::from_str(url).map_err(|error| Error::BadUrl(error.into()))?,
        };
        if let Some(folder) = connect.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty()) {
            // Whether this worked shows when the file is opened.
            drop(tokio::fs::create_dir_all(folder).await);
        }
        let synchronous = match options.durability {
            _ if temporary.is_some() => SqliteSynchronous::Off,
            Durability::Full => SqliteSynchronous::Full,
            Durability::Normal => SqliteSynchronous::Normal,
        };
        let connect = sqlite(connect, &options).synchronous(synchronous);
        // The writer comes first: it creates the file and puts it into WAL mode.
        let writer = PoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(options.acquire_timeout)
            .connect_with(connect.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal))
            .await
            .map_err(unreachable_file)?;
        let reader = PoolOptions::new()
            .min_connections(0)
            .max_connections(options.readers.max(1))
            .idle_timeout(Duration::from_secs(120))
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(connect.pragma("query_only", "ON"));
        Ok(Self(Arc::new(Inner {
            service: options.service,
            reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
            writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
            clock,
            ids,
            emitted: Notify::new(),
            temporary,
        })))
    }

    /// Connections for reading. They see what is committed and cannot change anything.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// Runs `work` in a transaction that holds the write lock from its beginning, and commits if it returns `Ok`.
    ///
    /// When another transaction is in the way it is rolled back and run again, a few times; so `work` is an `Fn` that
    /// must have no effects outside of the transaction. When the returned future is dropped, nothing has happened or
    /// everything has. One transaction runs at a time: do not wait for other services within it, and never call
    /// `write` within `write`, which waits for itself until [`Options::acquire_timeout`] and then fails.
    ///
    /// # Errors
    /// Those of `work`, and those of the database.
    pub async fn write<'env, T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'tx> Fn(&'tx Scope<'env>) -> BoxFuture<'tx, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + std::error::Error + Send + 'static,
    {
        let mut failures = 0;
        loop {
            match self.attempt(&work).await {
                Err(error) if failures + 1 < TRIES && may_retry(&error) => {
                    failures += 1;
                    tracing::debug!(db.service = self.0.service, failures, "transaction lost a race, running it again");
                    tokio::time::sleep(BACKOFF.wait(failures)).await;
                }
                done => return done,
            }
        }
    }

    async fn attempt<'env, T, E, F>(&self, work: &F) -> Result<T, E>
    where
        F: for<'tx> Fn(&'tx Scope<'env>) -> BoxFuture<'tx, Result<T, E>>,
        E: From<Error>,
    {
        let scope = Scope::new(Tx::begin(self).await?);
        let running = work(&scope);
        // An error drops the transaction, which rolls it back.
        let value = running.await?;
        scope.into_tx().commit(self).await?;
        Ok(value)
    }

    /// The service that owns the database.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// The clock of the database: leases and expiries compare against it.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// Where new ids come from.
    #[must_use]
    pub fn ids(&self) -> &SharedIds {
        &self.0.ids
    }

    /// Waits until the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.0.reader.ping().await?)
    }

    /// Closes all connections, after the work at hand is done. What comes later fails.
    pub async fn close(&self) {
        for connection in [&self.0.reader, &self.0.writer] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(db.service = self.0.service, error = %error, "closing the database failed");
            }
        }
    }

    /// The connection for single statements that are a transaction by themselves.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    /// Reports the state of the pools.
    pub(crate) fn report_pools(&self) {
        for (name, connection) in [("reader", &self.0.reader), ("writer", &self.0.writer)] {
            let pool = connection.get_sqlite_connection_pool();
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            for (state, count) in [("idle", idle), ("used", pool.size().saturating_sub(idle))] {
                let service = self.0.service.clone();
                metrics::gauge!(DB_POOL_CONNECTIONS, "service" => service, "pool" => name, "state" => state)
                    .set(f64::from(count));
            }
        }
    }

    /// Is notified when a transaction that emitted something committed.
    pub(crate) fn emitted(&self) -> &Notify {
        &self.0.emitted
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Some(file) = &self.temporary else { return };
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.clone().into_os_string();
            path.push(suffix);
            // The file may be gone or never have been; either way it is not needed any more.
            drop(std::fs::remove_file(Path::new(&path)));
        }
    }
}

/// What all connections have in common.
fn sqlite(connect: SqliteConnectOptions, options: &Options) -> SqliteConnectOptions {
    let service = options.service.clone();
    connect
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(200)
        .row_buffer_size(256)
        .disable_statement_logging()
        .thread_name(move |id| format!("db-{service}-{id}"))
        .pragma("cache_size", format!("-{}", options.cache_kib))
        .pragma("temp_store", "MEMORY")
        // After a burst the log shrinks again.
        .pragma("journal_size_limit", "8388608")
}

fn unreachable_file(error: sqlx::Error) -> Error {
    Error::Unavailable(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}
