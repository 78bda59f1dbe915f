//! Messages take effect once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use bus::{Bus, HandleError, Handler, InProcess, Message};
use db::{Apply, Error, Inbox, Tx};
use kernel::{Classify, Ids, Kind, SystemIds, Timestamp};
use prost::Message as _;

use crate::support::{KIND, WAITING, add, emit, number, open, text_of, until, with_relay, written};

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("store notes")]
    Store(#[from] Error),
    #[error("this note is wrong")]
    Wrong,
}

impl Classify for Failed {
    fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Wrong => Kind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        "NOTE_WRONG"
    }
}

/// Counts notes by their text and tells that it did.
#[derive(Debug, Default)]
struct Counter {
    applied: AtomicU32,
    broken: AtomicBool,
    emits: bool,
}

#[async_trait]
impl Apply for Counter {
    type Error = Failed;

    fn kinds(&self) -> Vec<String> {
        vec![KIND.to_owned()]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Failed> {
        self.applied.fetch_add(1, Ordering::SeqCst);
        let text = text_of(message);
        add(tx, &text).await?;
        if self.emits {
            tx.emit(&text, &written(bus::trace::current().as_deref().unwrap_or("no trace"))).await?;
        }
        match text.as_str() {
            "wrong" => Err(Failed::Wrong),
            "flaky" if self.broken.load(Ordering::SeqCst) => {
                Err(Failed::Store(Error::Unavailable(sea_orm::DbErr::Custom("away".to_owned()))))
            }
            _ => Ok(()),
        }
    }
}

fn message(text: &str) -> Message {
    let payload = written(text).encode_to_vec();
    Message::new(SystemIds.uuid(), KIND, text, payload, Timestamp::EPOCH)
}

#[tokio::test]
async fn a_message_that_comes_again_has_no_effect() {
    let fixture = open().await;
    let counter = Arc::new(Counter::default());
    let inbox = Inbox::new(fixture.db.clone(), "counter", counter.clone());
    let (one, two) = (message("one"), message("two"));
    inbox.handle(std::slice::from_ref(&one)).await.expect("handles");
    inbox.handle(&[one.clone(), two.clone(), one.clone(), two.clone()]).await.expect("handles");
    assert_eq!(number(&fixture.db, "SELECT SUM(count) FROM notes").await, 2);
    assert_eq!(counter.applied.load(Ordering::SeqCst), 2);
    let other = Inbox::new(fixture.db.clone(), "other", counter.clone());
    other.handle(&[one, two]).await.expect("handles");
    assert_eq!(number(&fixture.db, "SELECT SUM(count) FROM notes").await, 4, "another consumer has its own inbox");
}

#[tokio::test]
async fn a_batch_takes_effect_as_a_whole_or_not_at_all() {
    let fixture = open().await;
    let inbox = Inbox::new(fixture.db.clone(), "counter", Arc::new(Counter { emits: true, ..Counter::default() }));
    let batch = [message("one"), message("wrong"), message("two")];
    assert!(matches!(inbox.handle(&batch).await, Err(HandleError::Permanent(_))));
    for table in ["notes", "inbox", "outbox"] {
        assert_eq!(number(&fixture.db, &format!("SELECT COUNT(*) FROM {table}")).await, 0);
    }
}

#[tokio::test]
async fn large_batches_are_remembered_completely() {
    let fixture = open().await;
    let counter = Arc::new(Counter::default());
    let inbox = Inbox::new(fixture.db.clone(), "counter", counter.clone());
    let batch: Vec<Message> = (0..600).map(|n| message(&n.to_string())).collect();
    inbox.handle(&batch[..300]).await.expect("handles");
    inbox.handle(&batch).await.expect("handles");
    assert_eq!(counter.applied.load(Ordering::SeqCst), 600);
    assert_eq!(number(&fixture.db, "SELECT COUNT(*) FROM inbox").await, 600);
}

#[tokio::test]
async fn what_a_handler_emits_belongs_to_the_trace_of_its_message() {
    let fixture = open().await;
    let inbox = Inbox::new(fixture.db.clone(), "counter", Arc::new(Counter { emits: true, ..Counter::default() }));
    let mut batch = [message("one"), message("two")];
    batch[0].headers.insert(bus::trace::HEADER.to_owned(), "00-1-2-01".to_owned());
    inbox.handle(&batch).await.expect("handles");
    let traced = "SELECT COUNT(*) FROM outbox WHERE headers = '{\"traceparent\":\"00-1-2-01\"}' AND aggregate = 'one'";
    assert_eq!(number(&fixture.db, traced).await, 1);
    assert_eq!(number(&fixture.db, "SELECT COUNT(*) FROM outbox WHERE headers IS NULL").await, 1);
}

#[tokio::test]
async fn a_parked_message_is_kept_with_its_reason() {
    let fixture = open().await;
    let db = &fixture.db;
    let bus = Arc::new(InProcess::default());
    let inbox = Inbox::new(db.clone(), "counter", Arc::new(Counter::default()));
    bus.subscribe(inbox.subscription()).await.unwrap();
    let batch = [message("one"), message("wrong"), message("two")];
    for _ in 0..2 {
        assert!(bus.publish(&batch).await.iter().all(Result::is_ok));
        fixture.clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(number(db, "SELECT SUM(count) FROM notes").await, 2);
    let parked = "SELECT COUNT(*) FROM parked_messages WHERE consumer = 'counter' AND aggregate = 'wrong' \
                  AND error LIKE '%: this note is wrong' AND parked_at > first_parked_at AND length(payload) > 0";
    assert_eq!(number(db, parked).await, 1);
    assert_eq!(number(db, "SELECT COUNT(*) FROM parked_messages").await, 1);
    assert_eq!(number(db, "SELECT COUNT(*) FROM inbox").await, 2, "it may still take effect later");
}

/// From the transaction of one service to that of another, killed in between.
#[tokio::test]
async fn events_reach_the_consumer_once_although_the_relay_is_killed() {
    let (sender, receiver) = (open().await, open().await);
    let counter = Arc::new(Counter { broken: AtomicBool::new(true), ..Counter::default() });
    let bus = Arc::new(InProcess::default());
    bus.subscribe(Inbox::new(receiver.db.clone(), "counter", counter.clone()).subscription()).await.unwrap();
    emit(&sender.db, &[("a", "one"), ("b", "flaky"), ("b", "behind"), ("c", "two")]).await;
    with_relay(&sender.db, bus.clone(), async {
        until("some took effect", async || number(&receiver.db, "SELECT COUNT(*) FROM notes").await == 2).await;
    })
    .await;
    assert_eq!(number(&sender.db, WAITING).await, 4, "killed before it could mark");
    counter.broken.store(false, Ordering::SeqCst);
    with_relay(&sender.db, bus.clone(), async {
        until("all are published", async || {
            sender.clock.advance(std::time::Duration::from_secs(60));
            number(&sender.db, WAITING).await == 0
        })
        .await;
    })
    .await;
    assert_eq!(number(&receiver.db, "SELECT COUNT(*) FROM notes").await, 4);
    assert_eq!(number(&receiver.db, "SELECT MAX(count) FROM notes").await, 1);
}
