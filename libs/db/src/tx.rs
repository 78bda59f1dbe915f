//! A transaction, and what it emits.

use std::{
    fmt,
    marker::PhantomData,
    mem,
    ops::Deref,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kernel::{Ids, SharedIds, Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{
    Db, Error,
    outbox::{self, Emitted},
    sqlite::Turn,
};

/// A transaction that holds the write lock. Made by [`Db::write`], which commits it.
pub struct Tx {
    /// The lock is never waited for, unless two statements of one transaction are awaited at once.
    connection: tokio::sync::Mutex<Turn>,
    now: Timestamp,
    ids: SharedIds,
    emitted: Mutex<Vec<Emitted>>,
    after: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) async fn begin(db: &Db) -> Result<Self, Error> {
        let connection = tokio::sync::Mutex::new(db.writer().turn().await?);
        let (emitted, after) = (Mutex::default(), Mutex::default());
        Ok(Self { connection, now: db.clock().now(), ids: db.ids().clone(), emitted, after })
    }

    pub(crate) async fn commit(self, db: &Db) -> Result<(), Error> {
        let mut events = outbox::statements(&self, mem::take(&mut *self.emitted()));
        let wake = !events.is_empty();
        let last = events.pop();
        for statement in events {
            self.execute_raw(statement).await?;
        }
        self.connection.into_inner().commit(last).await?;
        if wake {
            db.emitted().notify_one();
        }
        for effect in self.after.into_inner().unwrap_or_else(PoisonError::into_inner) {
            effect();
        }
        Ok(())
    }

    pub(crate) async fn rollback(self) {
        self.connection.into_inner().roll_back().await;
    }

    fn emitted(&self) -> MutexGuard<'_, Vec<Emitted>> {
        self.emitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the transaction began. The same for all of it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Where new ids come from.
    #[must_use]
    pub fn ids(&self) -> &dyn Ids {
        &*self.ids
    }

    /// Runs `effect` if and when the transaction commits: for what no database holds, such as counting or waking
    /// somebody up. It does not happen when the process dies in between.
    pub fn after_commit(&self, effect: impl FnOnce() + Send + 'static) {
        self.after.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(effect));
    }

    /// Publishes `event` if and when the transaction commits, after what was emitted before for the same aggregate.
    ///
    /// # Errors
    /// When the event is larger than [`crate::MAX_EVENT_BYTES`].
    pub async fn emit<M: prost::Message + prost::Name>(&self, aggregate: &str, event: &M) -> Result<(), Error> {
        let emitted = Emitted::new(self, aggregate, event)?;
        self.emitted().push(emitted);
        Ok(())
    }

    /// Publishes `events`, each with its aggregate, if and when the transaction commits.
    ///
    /// # Errors
    /// When an event is larger than [`crate::MAX_EVENT_BYTES`]; then none is emitted.
    pub async fn emit_all<A, M>(&self, events: impl IntoIterator<Item = (A, M)> + Send) -> Result<(), Error>
    where
        A: AsRef<str>,
        M: prost::Message + prost::Name,
    {
        let events: Vec<Emitted> = events
            .into_iter()
            .map(|(aggregate, event)| Emitted::new(self, aggregate.as_ref(), &event))
            .collect::<Result<_, _>>()?;
        self.emitted().extend(events);
        Ok(())
    }
}

/// The transaction as the closure of [`Db::write`] sees it: a [`Tx`] whose work may borrow what lives for `'env`.
#[derive(Debug)]
pub struct Scope<'env> {
    tx: Tx,
    env: PhantomData<&'env ()>,
}

impl Scope<'_> {
    pub(crate) fn new(tx: Tx) -> Self {
        Self { tx, env: PhantomData }
    }

    pub(crate) fn into_tx(self) -> Tx {
        self.tx
    }
}

impl Deref for Scope<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.lock().await.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Sqlite, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection.lock().await.query_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.lock().await.query_all(statement).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Scope<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.tx.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.tx.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.tx.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all_raw(statement).await
    }
}
