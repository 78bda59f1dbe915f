//! A database of notes, an event about them, and waiting without sleeping.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bus::{Bus, Message, PublishError, SharedBus, SubscribeError, Subscription};
use db::{Db, Migrator, Options, Relay, migrations_of_messaging};
use kernel::{FixedClock, SharedClock, SystemIds, Timestamp};
use prost::{Message as _, Name};
use sea_orm::{ConnectionTrait, Statement, Value};
use tokio_util::sync::CancellationToken;

/// What happened to a note.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct NoteWritten {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

impl Name for NoteWritten {
    const NAME: &'static str = "NoteWritten";
    const PACKAGE: &'static str = "test.notes.events.v1";
}

pub(crate) const KIND: &str = "test.notes.events.v1.NoteWritten";

pub(crate) fn written(text: impl Into<String>) -> NoteWritten {
    NoteWritten { text: text.into() }
}

pub(crate) fn text_of(message: &Message) -> String {
    NoteWritten::decode(message.payload.clone()).expect("decodes").text
}

pub(crate) struct Fixture {
    pub(crate) db: Db,
    pub(crate) clock: Arc<FixedClock>,
}

pub(crate) fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::new(Timestamp::from_micros(1_750_000_000_000_000)))
}

/// A temporary database with the tables of messaging and a table of notes.
pub(crate) async fn open() -> Fixture {
    let clock = clock();
    let db = open_at("sqlite::memory:", Options::new("notes"), clock.clone()).await;
    Fixture { db, clock }
}

pub(crate) async fn open_at(url: &str, options: Options, clock: SharedClock) -> Db {
    let db = Db::open(url, options, clock, Arc::new(SystemIds)).await.expect("opens");
    Migrator::new(&db, migrations_of_messaging()).up().await.expect("migrates");
    run(&db, "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, count BIGINT NOT NULL)").await.expect("creates");
    db
}

/// Runs one statement in a transaction.
pub(crate) async fn run(db: &Db, text: &str) -> Result<(), db::Error> {
    db.write(|tx| {
        Box::pin(async move {
            tx.execute_unprepared(text).await?;
            Ok(())
        })
    })
    .await
}

/// Emits events in one transaction.
pub(crate) async fn emit(db: &Db, events: &[(&str, &str)]) {
    let emitted = db.write(|tx| {
        Box::pin(async move { tx.emit_all(events.iter().map(|(aggregate, text)| (aggregate, written(*text)))).await })
    });
    emitted.await.expect("emits");
}

pub(crate) fn sql<const N: usize>(db: &impl ConnectionTrait, text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), text, values)
}

/// Counts a note up, by reading and then writing it.
pub(crate) async fn add<C: ConnectionTrait>(db: &C, name: &str) -> Result<i64, db::Error> {
    let read = "SELECT count FROM notes WHERE name = $1";
    let row = db.query_one_raw(sql(db, read, [name.into()])).await?;
    let count = row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? + 1;
    let write = "INSERT INTO notes (name, count) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET count = $2";
    db.execute_raw(sql(db, write, [name.into(), count.into()])).await?;
    Ok(count)
}

/// The first column of the first row; 0 when there is none.
pub(crate) async fn number(db: &Db, text: &str) -> i64 {
    let row = db.reader().query_one_raw(sql(db.reader(), text, [])).await.expect("asks");
    row.map_or(0, |row| row.try_get_by_index(0).expect("is a number"))
}

pub(crate) const WAITING: &str = "SELECT COUNT(*) FROM outbox WHERE published_at IS NULL AND parked_at IS NULL";

/// Waits until `condition` holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let poll = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), poll).await.is_ok(), "waited in vain until {what}");
}

/// Runs a relay while `work` runs; then drops it at once, as a killed process would.
pub(crate) async fn with_relay<T>(db: &Db, bus: SharedBus, work: impl Future<Output = T>) -> T {
    tokio::select! {
        () = Relay::new(db.clone(), bus).run(CancellationToken::new()) => unreachable!("nobody cancels it"),
        result = work => result,
    }
}

type Answer = Box<dyn Fn(&Message) -> Result<(), PublishError> + Send + Sync>;

/// A bus that remembers what was published and answers as told.
pub(crate) struct Recorder {
    pub(crate) published: Mutex<Vec<Message>>,
    answer: Answer,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    pub(crate) fn new(answer: impl Fn(&Message) -> Result<(), PublishError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { published: Mutex::default(), answer: Box::new(answer) })
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.published.lock().expect("not poisoned").iter().map(text_of).collect()
    }
}

#[async_trait]
impl Bus for Recorder {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let mut failed: Vec<&str> = Vec::new();
        let mut answers = Vec::new();
        for message in messages {
            let answer = match failed.contains(&message.aggregate.as_str()) {
                true => Err(PublishError::Behind),
                false => (self.answer)(message),
            };
            match &answer {
                Ok(()) => self.published.lock().expect("not poisoned").push(message.clone()),
                Err(_) => failed.push(&message.aggregate),
            }
            answers.push(answer);
        }
        answers
    }

    async fn subscribe(&self, _: Subscription) -> Result<(), SubscribeError> {
        Ok(())
    }
}

pub(crate) fn unavailable() -> PublishError {
    PublishError::Unavailable { what: "the broker is away".to_owned(), source: None }
}

pub(crate) fn refused() -> PublishError {
    PublishError::Refused { what: "the broker does not want it".to_owned(), source: None }
}
