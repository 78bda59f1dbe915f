//! The one connection that writes, and taking turns with it.
//!
//! Transactions run one after the other. One that finds others waiting when it is done does not commit: it leaves the
//! transaction of SQLite open for them to join, each within a savepoint, and all are answered when the last one of
//! them commits for all. So a disk that is slow to confirm slows each of many transactions down less. Who joins can
//! still fail alone; when the common commit fails, all have lost and may run again.
//! A turn that is dropped cleans up in the background before the next one begins.

use std::{
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{
    ConnAcquireErr, DbBackend, DbErr, ExecResult, QueryResult, Statement, sqlx::sqlite::SqliteConnectOptions,
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};

use super::{Connection, Damage};
use crate::Error;

/// How many transactions commit at once at most, and for how long they gather.
const MAX_GROUP: usize = 64;
const MAX_AGE: Duration = Duration::from_millis(5);

/// Who waits for the common commit. Empty when the connection is in no transaction.
type Group = Vec<Member>;

struct Member {
    since: Instant,
    answer: oneshot::Sender<Result<(), CommitFailed>>,
}

struct CommitFailed;

/// The writing connection of a file.
pub(crate) struct Writer {
    options: SqliteConnectOptions,
    acquire_timeout: Duration,
    turn: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Touched only by the one whose turn it is.
    desk: Mutex<(Option<Connection>, Group)>,
    closed: AtomicBool,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn new(options: SqliteConnectOptions, acquire_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            options,
            acquire_timeout,
            turn: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
            desk: Mutex::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// How its connection is opened.
    pub(crate) fn options(&self) -> &SqliteConnectOptions {
        &self.options
    }

    /// Waits for its turn, in the order of asking.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, DbErr> {
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let permit = {
            let _waiting = Waiting::new(&self.waiting);
            let permit = tokio::time::timeout(self.acquire_timeout, Arc::clone(&self.turn).acquire_owned()).await;
            permit.map_err(|_late| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?.map_err(|_closed| closed())?
        };
        let mut turn = self.sit_down(permit);
        if turn.connection.is_none() {
            if self.closed.load(Ordering::Acquire) {
                return Err(closed());
            }
            turn.connection = Some(Connection::open(&self.options).await?);
        }
        Ok(turn)
    }

    /// Lets everybody finish and closes the connection.
    pub(crate) async fn close(self: &Arc<Self>) {
        self.closed.store(true, Ordering::Release);
        let Ok(permit) = Arc::clone(&self.turn).acquire_owned().await else { return };
        let mut turn = self.sit_down(permit);
        turn.commit_group().await;
        if let Some(connection) = turn.connection.take() {
            connection.close().await;
        }
        self.turn.close();
    }

    /// How many connections are idle and how many are in use.
    pub(crate) fn usage(&self) -> (usize, usize) {
        let idle = self.turn.available_permits();
        (idle, 1 - idle.min(1))
    }

    fn sit_down(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Turn {
        let (connection, group) = mem::take(&mut *self.desk());
        Turn { writer: Arc::clone(self), permit: Some(permit), connection, group, begun: false, cleaning: false }
    }

    fn desk(&self) -> MutexGuard<'_, (Option<Connection>, Group)> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits for a group when those have had their turn who wait now, whatever becomes of them.
    fn commit_soon(self: &Arc<Self>) {
        let writer = Arc::clone(self);
        in_background(async move {
            if let Ok(permit) = Arc::clone(&writer.turn).acquire_owned().await {
                writer.sit_down(permit).commit_group().await;
            }
        });
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Runs `work` even if the one who needs it is dropped.
fn in_background(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}

/// The right to write, for one transaction.
pub(crate) struct Turn {
    writer: Arc<Writer>,
    permit: Option<OwnedSemaphorePermit>,
    connection: Option<Connection>,
    group: Group,
    /// Its own transaction or savepoint may be open.
    begun: bool,
    /// It was cut off and undoes what it did.
    cleaning: bool,
}

impl Turn {
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let statement = self.within_transaction(statement)?;
        self.connection().execute(statement).await
    }

    pub(crate) async fn query_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let statement = self.within_transaction(statement)?;
        self.connection().query_one(statement).await
    }

    pub(crate) async fn query_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.within_transaction(statement)?;
        self.connection().query_all(statement).await
    }

    /// Commits, after a last statement that travels with the commit, and returns what that statement did.
    pub(crate) async fn commit(mut self, last: Option<Statement>) -> Result<Option<ExecResult>, Error> {
        if !self.begun && last.is_none() {
            return Ok(None);
        }
        let alone = self.group.is_empty() && !self.others_wait();
        let result = match self.end(alone, last).await {
            Ok(result) => result,
            Err(error) => {
                self.roll_back().await;
                return Err(error.into());
            }
        };
        self.begun = false;
        if !alone && self.commit_with_others().await.is_err() {
            return Err(Error::Busy(DbErr::Custom("the common commit failed".to_owned())));
        }
        Ok(result)
    }

    /// Undoes its own transaction. Dropping the turn does so too, in the background.
    pub(crate) async fn roll_back(mut self) {
        if !self.begun {
            return;
        }
        let joined = !self.group.is_empty();
        let connection = self.connection();
        // Without its savepoint it has done nothing, or SQLite has rolled back everything: then BEGIN succeeds.
        let undone = joined
            && (connection.succeeds("ROLLBACK TO turn; RELEASE turn").await || !connection.succeeds("BEGIN").await)
            && connection.damage == Damage::None;
        if !undone {
            self.abandon_group().await;
        }
        self.begun = false;
    }

    /// Sends the last statement and what ends the transaction, if there is anything to send.
    async fn end(&mut self, alone: bool, last: Option<Statement>) -> Result<Option<ExecResult>, DbErr> {
        if let (true, false, Some(last)) = (alone, self.begun, &last) {
            // One statement is a transaction by itself.
            self.begun = true;
            return self.connection().execute(last.clone()).await.map(Some);
        }
        let end = if alone {
            Some("COMMIT")
        } else if self.group.is_empty() {
            None
        } else {
            Some("RELEASE turn")
        };
        let statement = match (last, end) {
            (Some(mut last), Some(end)) => {
                last.sql.push_str("; ");
                last.sql.push_str(end);
                last
            }
            (Some(last), None) => last,
            (None, Some(end)) => Statement::from_string(DbBackend::Sqlite, end),
            (None, None) => return Ok(None),
        };
        self.execute(statement).await.map(Some)
    }

    /// Lets others join before the commit, which happens when those who wait now have had their turn.
    async fn commit_with_others(mut self) -> Result<(), CommitFailed> {
        let founded = self.group.is_empty();
        let (answer, answered) = oneshot::channel();
        self.group.push(Member { since: Instant::now(), answer });
        let full = self.group.len() >= MAX_GROUP || self.group[0].since.elapsed() >= MAX_AGE;
        if full || !self.others_wait() {
            in_background(async move { self.commit_group().await });
        } else {
            let writer = Arc::clone(&self.writer);
            drop(self);
            if founded {
                writer.commit_soon();
            }
        }
        answered.await.unwrap_or(Err(CommitFailed))
    }

    async fn commit_group(&mut self) {
        let group = mem::take(&mut self.group);
        if group.is_empty() {
            return;
        }
        self.begun = true;
        let committed = self.connection().succeeds("COMMIT").await;
        if committed {
            self.begun = false;
            for member in group {
                // Who does not wait any more does not need to know.
                drop(member.answer.send(Ok(())));
            }
        } else {
            self.group = group;
            self.abandon_group().await;
            self.begun = false;
        }
    }

    /// Rolls back everything, of those who wait for the commit too, and tells them.
    async fn abandon_group(&mut self) {
        let connection = self.connection();
        let free = connection.succeeds("ROLLBACK").await || connection.succeeds("BEGIN; ROLLBACK").await;
        if free && connection.damage != Damage::Connection {
            connection.damage = Damage::None;
        } else {
            self.connection = None;
        }
        for member in self.group.drain(..) {
            drop(member.answer.send(Err(CommitFailed)));
        }
    }

    /// Puts the beginning of its transaction before its first statement.
    fn within_transaction(&mut self, mut statement: Statement) -> Result<Statement, DbErr> {
        if self.connection().damage != Damage::None {
            return Err(DbErr::Custom("the transaction was lost by an earlier failure".to_owned()));
        }
        if !self.begun {
            self.begun = true;
            let begin = if self.group.is_empty() { "BEGIN IMMEDIATE; " } else { "SAVEPOINT turn; " };
            statement.sql.insert_str(0, begin);
        }
        Ok(statement)
    }

    fn others_wait(&self) -> bool {
        self.writer.waiting.load(Ordering::Acquire) > 0
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a turn has a connection until it ends")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Without the permit this is what is left of a turn that goes on in the background.
        let Some(permit) = self.permit.take() else { return };
        let (connection, group) = (self.connection.take(), mem::take(&mut self.group));
        if !self.begun {
            *self.writer.desk() = (connection, group);
        } else if connection.is_some() && !self.cleaning {
            let (writer, permit) = (Arc::clone(&self.writer), Some(permit));
            let turn = Turn { writer, permit, connection, group, begun: true, cleaning: true };
            in_background(turn.roll_back());
        }
        // A runtime that ends drops what is cleaning up; then the connection closes, which rolls back as well.
    }
}
