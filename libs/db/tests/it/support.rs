//! A database of notes, an event about them, and waiting without sleeping.

use std::{sync::Arc, time::Duration};

use db::{Db, Migrator, Options, migrations_of_messaging};
use kernel::{FixedClock, SequenceIds, SharedClock, SystemIds, Timestamp};
use prost::Name;
use sea_orm::{ConnectionTrait, Statement, Value};

/// What happened to a note.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct NoteWritten {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

impl Name for NoteWritten {
    const NAME: &'static str = "NoteWritten";
    const PACKAGE: &'static str = "test.notes.events.v1";

    fn full_name() -> String {
        "test.notes.events.v1.NoteWritten".to_owned()
    }
}

pub(crate) fn written(text: impl Into<String>) -> NoteWritten {
    NoteWritten { text: text.into() }
}

pub(crate) struct Fixture {
    pub(crate) db: Db,
    pub(crate) clock: Arc<FixedClock>,
}

/// A temporary database with the tables of messaging and a table of notes.
pub(crate) async fn open() -> Fixture {
    let clock = Arc::new(FixedClock::new(Timestamp::from_micros(1_750_000_000_000_000)));
    let db = open_at("sqlite::memory:", clock.clone()).await;
    Fixture { db, clock }
}

pub(crate) async fn open_at(url: &str, clock: SharedClock) -> Db {
    let db = Db::open(url, Options::new("notes"), clock, Arc::new(SystemIds)).await.expect("opens");
    Migrator::new(&db, migrations_of_messaging()).up().await.expect("migrates");
    db.write(|tx| {
        Box::pin(async move {
            let sql = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, count BIGINT NOT NULL)";
            tx.execute_unprepared(sql).await?;
            Ok::<_, db::Error>(())
        })
    })
    .await
    .expect("creates");
    db
}

pub(crate) fn sql<const N: usize>(db: &impl ConnectionTrait, text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), text, values)
}

pub(crate) async fn number(db: &Db, text: &str) -> i64 {
    let row = db.reader().query_one_raw(sql(db.reader(), text, [])).await.expect("asks").expect("has a row");
    row.try_get_by_index(0).expect("is a number")
}

/// Waits until `condition` holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let poll = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), poll).await.is_ok(), "waited in vain until {what}");
}
