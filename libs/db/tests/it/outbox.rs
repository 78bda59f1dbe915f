//! The way from a transaction to the bus.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use db::{Error, MAX_EVENT_BYTES, Relay};
use proptest::prelude::*;
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use crate::support::{
    KIND, Recorder, WAITING, emit, number, open, refused, run, sql, text_of, unavailable, until, with_relay, written,
};

#[tokio::test]
async fn events_are_published_in_order_with_what_belongs_to_them() {
    let fixture = open().await;
    let db = &fixture.db;
    let bus = Recorder::new(|_| Ok(()));
    with_relay(db, bus.clone(), async {
        let emitted = bus::trace::scope(Some("00-1-2-01".into()), async {
            db.write(|tx| {
                Box::pin(async move {
                    tx.emit("note-1", &written("one")).await?;
                    tx.emit_all([("note-2", written("two")), ("note-1", written("three"))]).await
                })
            })
            .await
        });
        emitted.await.expect("emits");
        until("they are published", async || number(db, WAITING).await == 0).await;
    })
    .await;
    let published = bus.published.lock().unwrap();
    assert_eq!(published.iter().map(text_of).collect::<Vec<_>>(), ["one", "two", "three"]);
    assert_eq!(published.iter().map(|m| m.aggregate.as_str()).collect::<Vec<_>>(), ["note-1", "note-2", "note-1"]);
    let first = &published[0];
    assert_eq!((first.kind.as_str(), first.attempts), (KIND, 0));
    assert_eq!(first.headers.get(bus::trace::HEADER).map(String::as_str), Some("00-1-2-01"));
    assert_eq!(first.created_at, db.clock().now());
    assert_eq!(first.id.get_version_num(), 7);
}

#[tokio::test]
async fn an_event_is_published_soon_after_its_transaction() {
    let fixture = open().await;
    let bus = Recorder::new(|_| Ok(()));
    with_relay(&fixture.db, bus.clone(), async {
        for round in 1..=20 {
            let started = std::time::Instant::now();
            emit(&fixture.db, &[("a", "x")]).await;
            until("it is published", async || bus.published.lock().unwrap().len() == round).await;
            assert!(round == 1 || started.elapsed() < Duration::from_millis(900), "it did not wait for a poll");
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_when_emitted() {
    let fixture = open().await;
    let text = "x".repeat(MAX_EVENT_BYTES);
    let result = fixture.db.write(|tx| {
        let text = &text;
        Box::pin(async move { tx.emit("a", &written(text)).await })
    });
    assert!(matches!(result.await, Err(Error::TooLarge { kind, bytes }) if kind == KIND && bytes > MAX_EVENT_BYTES));
}

#[tokio::test]
async fn an_aggregate_whose_event_fails_waits_alone_and_in_order() {
    let fixture = open().await;
    let db = &fixture.db;
    let away = Arc::new(AtomicBool::new(true));
    let bus = Recorder::new({
        let away = away.clone();
        move |message| if message.aggregate == "a" && away.load(Ordering::SeqCst) { Err(unavailable()) } else { Ok(()) }
    });
    with_relay(db, bus.clone(), async {
        emit(db, &[("a", "a1"), ("b", "b1"), ("a", "a2")]).await;
        until("b is published", async || bus.texts() == ["b1"]).await;
        emit(db, &[("a", "a3"), ("b", "b2")]).await;
        until("b is published", async || bus.texts() == ["b1", "b2"]).await;
        assert_eq!(number(db, "SELECT attempts FROM outbox WHERE seq = 1").await, 1);
        assert_eq!(number(db, "SELECT SUM(attempts) FROM outbox").await, 1, "those behind it were not tried");
        away.store(false, Ordering::SeqCst);
        fixture.clock.advance(Duration::from_secs(1));
        until("all are published", async || number(db, WAITING).await == 0).await;
    })
    .await;
    assert_eq!(bus.texts(), ["b1", "b2", "a1", "a2", "a3"]);
    assert_eq!(bus.published.lock().unwrap()[2].attempts, 1);
}

#[tokio::test]
async fn a_bus_that_is_away_parks_nothing_however_long_it_takes() {
    let fixture = open().await;
    let db = &fixture.db;
    let tries = Arc::new(AtomicU32::new(0));
    let bus = Recorder::new({
        let tries = tries.clone();
        move |message| match text_of(message).as_str() {
            "a1" if tries.fetch_add(1, Ordering::SeqCst) < 14 => Err(unavailable()),
            _ => Ok(()),
        }
    });
    with_relay(db, bus.clone(), async {
        emit(db, &[("a", "a1")]).await;
        for tried in 1..=14 {
            until("it is tried", async || tries.load(Ordering::SeqCst) >= tried).await;
            until("that is stored", async || number(db, "SELECT attempts FROM outbox").await >= i64::from(tried)).await;
            run(db, "UPDATE outbox SET available_at = 0").await.unwrap();
            // Wakes the relay, which would otherwise wait for its poll.
            emit(db, &[("b", "b")]).await;
        }
        until("it is published", async || bus.texts().contains(&"a1".to_owned())).await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_the_bus_refuses_is_parked_and_holds_back_its_aggregate() {
    let fixture = open().await;
    let db = &fixture.db;
    let forgiving = Arc::new(AtomicBool::new(false));
    let bus = Recorder::new({
        let forgiving = forgiving.clone();
        move |message| match text_of(message).as_str() {
            "bad" if !forgiving.load(Ordering::SeqCst) => Err(refused()),
            _ => Ok(()),
        }
    });
    with_relay(db, bus.clone(), async {
        run(db, "UPDATE outbox SET attempts = 9").await.unwrap();
        emit(db, &[("a", "bad"), ("a", "after")]).await;
        for tried in 1..=10 {
            until("it is tried", async || number(db, "SELECT attempts FROM outbox WHERE seq = 1").await == tried).await;
            run(db, "UPDATE outbox SET available_at = 0").await.unwrap();
            emit(db, &[("b", "b")]).await;
        }
        assert_eq!(number(db, "SELECT COUNT(*) FROM outbox WHERE parked_at IS NOT NULL").await, 1);
        emit(db, &[("a", "much later"), ("b", "last")]).await;
        until("others go on", async || bus.texts().contains(&"last".to_owned())).await;
    })
    .await;
    assert!(!bus.texts().iter().any(|text| text.contains("after") || text.contains("later")));

    // A new relay knows what is parked; an operator releases it.
    with_relay(db, bus.clone(), async {
        emit(db, &[("a", "still later"), ("b", "really last")]).await;
        until("others go on", async || bus.texts().contains(&"really last".to_owned())).await;
        assert!(!bus.texts().contains(&"still later".to_owned()));
    })
    .await;
    forgiving.store(true, Ordering::SeqCst);
    run(db, "UPDATE outbox SET parked_at = NULL, attempts = 0, available_at = 0").await.unwrap();
    with_relay(db, bus.clone(), async {
        until("all are published", async || number(db, WAITING).await == 0).await;
    })
    .await;
    let texts = bus.texts();
    let of_a =
        texts.iter().filter(|text| !text.starts_with('b') || *text == "bad").filter(|text| !text.contains("last"));
    assert_eq!(of_a.collect::<Vec<_>>(), ["bad", "after", "much later", "still later"]);
}

/// Events are in the bus but not marked when the process dies: they come again, and nothing is lost.
#[tokio::test]
async fn what_a_killed_relay_did_not_mark_is_published_again() {
    let fixture = open().await;
    let db = &fixture.db;
    let bus = Recorder::new(|_| Ok(()));
    with_relay(db, bus.clone(), async {
        emit(db, &[("a", "a1"), ("a", "a2")]).await;
        until("they are published", async || bus.published.lock().unwrap().len() == 2).await;
    })
    .await;
    assert_eq!(number(db, WAITING).await, 2, "killed before it could mark");
    with_relay(db, bus.clone(), async {
        until("they are marked", async || number(db, WAITING).await == 0).await;
    })
    .await;
    assert_eq!(bus.texts(), ["a1", "a2", "a1", "a2"]);
    let ids: Vec<_> = bus.published.lock().unwrap().iter().map(|message| message.id).collect();
    assert_eq!(ids[..2], ids[2..], "with the same ids");
}

#[tokio::test]
async fn a_relay_that_is_stopped_marks_what_it_published() {
    let fixture = open().await;
    let db = &fixture.db;
    let cancel = CancellationToken::new();
    let bus = Recorder::new({
        let cancel = cancel.clone();
        move |_| {
            cancel.cancel();
            Ok(())
        }
    });
    emit(db, &[("a", "a1"), ("b", "b1")]).await;
    Relay::new(db.clone(), bus.clone()).run(cancel).await;
    assert_eq!(number(db, WAITING).await, 0);
    assert_eq!(bus.texts(), ["a1", "b1"]);
}

#[derive(Debug, Default)]
struct Slow {
    begun: AtomicU32,
    done: Mutex<Vec<String>>,
    release: tokio::sync::Notify,
}

#[async_trait::async_trait]
impl bus::Bus for Slow {
    async fn publish(&self, messages: &[bus::Message]) -> Vec<Result<(), bus::PublishError>> {
        if messages.iter().any(|message| message.aggregate == "slow") {
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.release.notified().await;
        }
        self.done.lock().expect("not poisoned").extend(messages.iter().map(text_of));
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn subscribe(&self, _: bus::Subscription) -> Result<(), bus::SubscribeError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_slow_aggregate_does_not_keep_others_waiting() {
    let fixture = open().await;
    let db = &fixture.db;
    let bus = Arc::new(Slow::default());
    with_relay(db, bus.clone(), async {
        emit(db, &[("slow", "s1")]).await;
        until("it is being published", async || bus.begun.load(Ordering::SeqCst) == 1).await;
        let done = async || bus.done.lock().unwrap().clone();
        for round in 0..10 {
            let text = format!("q{round}");
            emit(db, &[("quick", &text), ("slow", "s")]).await;
            until("the quick one is published", async || done().await.contains(&text)).await;
        }
        assert!(!done().await.iter().any(|text| text.starts_with('s')));
        bus.release.notify_one();
        until("the slow one goes on", async || done().await.contains(&"s1".to_owned())).await;
        bus.release.notify_one();
        until("all are published", async || number(db, WAITING).await == 0).await;
        assert_eq!(done().await.iter().filter(|text| *text == "s").count(), 10);
    })
    .await;
}

#[tokio::test]
async fn looking_for_waiting_events_does_not_walk_the_published_ones() {
    let fixture = open().await;
    let reader = fixture.db.reader();
    let plan = async |text: &str| {
        let rows = reader.query_all_raw(sql(reader, &format!("EXPLAIN QUERY PLAN {text}"), [])).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index::<String>(3).unwrap()).collect::<Vec<_>>().join("; ")
    };
    let waiting = "SELECT seq, payload FROM outbox WHERE published_at IS NULL AND parked_at IS NULL AND seq > 7 \
                   ORDER BY seq LIMIT 256";
    assert_eq!(plan(waiting).await, "SEARCH outbox USING INDEX outbox_waiting (published_at=? AND seq>?)");
    let parked = "SELECT DISTINCT aggregate FROM outbox WHERE parked_at IS NOT NULL AND published_at IS NULL";
    assert_eq!(plan(parked).await, "SCAN outbox USING INDEX outbox_parked");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever fails and wherever the relay is killed: every event arrives, and first arrivals keep the order.
    #[test]
    fn every_event_arrives_in_the_order_of_its_aggregate(
        transactions in prop::collection::vec(prop::collection::vec((0..4_u8, 0..3_u32), 1..8), 1..8),
        kills in 0..4_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = open().await;
            let db = &fixture.db;
            let failures: Mutex<std::collections::HashMap<String, u32>> = Mutex::default();
            let bus = Recorder::new(move |message| {
                let text = text_of(message);
                let planned = text.split(' ').nth(2).unwrap().parse::<u32>().unwrap();
                let mut failures = failures.lock().unwrap();
                let so_far = failures.entry(text).or_default();
                *so_far += 1;
                if *so_far <= planned { Err(unavailable()) } else { Ok(()) }
            });
            let mut number_of_event = 0;
            let mut expected: Vec<Vec<String>> = vec![Vec::new(); 4];
            for events in &transactions {
                let mut texts = Vec::new();
                for (aggregate, planned) in events {
                    number_of_event += 1;
                    let text = format!("{aggregate} {number_of_event:03} {planned}");
                    expected[usize::from(*aggregate)].push(text.clone());
                    texts.push((aggregate.to_string(), text));
                }
                let texts: Vec<(&str, &str)> = texts.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
                emit(db, &texts).await;
            }
            for _ in 0..kills {
                let before = bus.published.lock().unwrap().len();
                with_relay(db, bus.clone(), async {
                    until("something happened", async || {
                        bus.published.lock().unwrap().len() > before
                            || number(db, "SELECT COALESCE(SUM(attempts), 0) FROM outbox").await > 0
                            || number(db, WAITING).await == 0
                    }).await;
                }).await;
            }
            with_relay(db, bus.clone(), async {
                until("all are published", async || {
                    fixture.clock.advance(Duration::from_secs(60));
                    // Wakes the relay, which would otherwise wait for its poll.
                    emit(db, &[("tick", "tick 0 0")]).await;
                    number(db, &format!("{WAITING} AND aggregate <> 'tick'")).await == 0
                }).await;
            }).await;
            let texts = bus.texts();
            for (aggregate, expected) in expected.iter().enumerate() {
                let mut arrived: Vec<String> = Vec::new();
                for text in texts.iter().filter(|text| text.starts_with(&aggregate.to_string())) {
                    if !arrived.contains(text) {
                        arrived.push(text.clone());
                    }
                }
                prop_assert_eq!(&arrived, expected);
            }
            Ok(())
        })?;
    }
}
