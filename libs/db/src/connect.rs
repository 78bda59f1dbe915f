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
    ConnectionTrait, DatabaseConnection, DbErr, ExecResult, RuntimeErr, SqlxSqliteConnector, Statement,
    sqlx::{
        ConnectOptions,
        pool::PoolOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::Notify;

use crate::{
    Durability, Error, Options, Reader, Scope, Tx,
    error::may_retry,
    metrics::DB_POOL_CONNECTIONS,
    sqlite::{Pool, Writer},
};

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
    reader: Reader,
    writer: Arc<Writer>,
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
        let create = connect.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let writer = Writer::new(create, options.acquire_timeout);
        let reader = Pool::new(connect.pragma("query_only", "ON"), options.readers.max(1), options.acquire_timeout);
        // Creates the file, or shows at once that it cannot be used.
        writer.turn().await?;
        Ok(Self(Arc::new(Inner {
            service: options.service,
            reader: Reader(reader),
            writer,
            clock,
            ids,
            emitted: Notify::new(),
            temporary,
        })))
    }

    /// Connections for reading. They see what is committed and cannot change anything.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// Runs `work` in a transaction that holds the write lock before it reads, and commits if it returns `Ok`.
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
        self.retrying(|| self.attempt(&work)).await
    }

    async fn retrying<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: std::error::Error + 'static,
    {
        let mut failures = 0;
        loop {
            match attempt().await {
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
        match running.await {
            Ok(value) => {
                scope.into_tx().commit(self).await?;
                Ok(value)
            }
            Err(error) => {
                scope.into_tx().rollback().await;
                Err(error)
            }
        }
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
        let select = Statement::from_string(self.0.reader.get_database_backend(), "SELECT 1");
        self.0.reader.query_one_raw(select).await?;
        Ok(())
    }

    /// Closes all connections, after the work at hand is done. What comes later fails.
    pub async fn close(&self) {
        self.0.reader.0.close().await;
        self.0.writer.close().await;
    }

    /// Where transactions come from, one at a time.
    pub(crate) fn writer(&self) -> &Arc<Writer> {
        &self.0.writer
    }

    /// Runs one statement as a transaction of its own.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<ExecResult, Error> {
        self.retrying(|| async {
            let turn = self.0.writer.turn().await?;
            let result = turn.commit(Some(statement.clone())).await?;
            Ok(result.expect("a statement has a result"))
        })
        .await
    }

    /// A connection for migrations, which need one of SeaORM's own. It waits long for the write lock.
    pub(crate) async fn connection_for_migrations(&self) -> Result<DatabaseConnection, Error> {
        let options = self.0.writer.options().clone().busy_timeout(Duration::from_secs(30));
        let pool = PoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| Error::from(DbErr::Conn(RuntimeErr::SqlxError(error.into()))))?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }

    /// Reports how many connections are open.
    pub(crate) fn report_pools(&self) {
        for (name, (idle, used)) in [("reader", self.0.reader.0.usage()), ("writer", self.0.writer.usage())] {
            for (state, count) in [("idle", idle), ("used", used)] {
                let service = self.0.service.clone();
                metrics::gauge!(DB_POOL_CONNECTIONS, "service" => service, "pool" => name, "state" => state)
                    .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
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
