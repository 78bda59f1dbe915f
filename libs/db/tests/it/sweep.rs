//! Removing what was kept long enough.

use std::{sync::Arc, time::Duration};

use db::{Retention, Sweeper, idempotency};

use crate::support::{Recorder, WAITING, emit, number, open, run, until, with_relay};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn only_what_is_published_and_old_leaves_the_outbox() {
    let fixture = open().await;
    let db = &fixture.db;
    let texts: Vec<String> = (0..2500).map(|n| n.to_string()).collect();
    let events: Vec<(&str, &str)> = texts.iter().map(|text| (text.as_str(), text.as_str())).collect();
    emit(db, &events).await;
    with_relay(db, Recorder::new(|_| Ok(())), async {
        until("all are published", async || number(db, WAITING).await == 0).await;
    })
    .await;
    run(db, "UPDATE outbox SET published_at = NULL WHERE seq <= 3").await.unwrap();
    run(db, "UPDATE outbox SET parked_at = 1 WHERE seq = 1").await.unwrap();
    fixture.clock.advance(4 * DAY);
    emit(db, &[("young", "young")]).await;
    run(db, "UPDATE outbox SET published_at = created_at WHERE aggregate = 'young'").await.unwrap();
    let sweeper = Sweeper::new(db, Retention::default());
    assert_eq!(sweeper.sweep().await.unwrap(), 0, "nothing is old enough");
    fixture.clock.advance(4 * DAY);
    assert_eq!(sweeper.sweep().await.unwrap(), 2497);
    assert_eq!(number(db, "SELECT COUNT(*) FROM outbox").await, 4);
}

#[tokio::test]
async fn ids_of_messages_and_idempotency_keys_go_when_they_are_old() {
    let fixture = open().await;
    let db = &fixture.db;
    let now = db.clock().now().micros();
    let ids = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500) \
         INSERT INTO inbox SELECT 'notes', n, {now} FROM n"
    );
    run(db, &ids).await.unwrap();
    let key = idempotency::Key {
        principal: "ann".to_owned(),
        method: "Place".to_owned(),
        key: "1".to_owned(),
        fingerprint: [0; 32],
    };
    let began = idempotency::begin(db, &key).await.unwrap();
    assert!(matches!(began, idempotency::Begin::Run(_)));
    let sweeper = Sweeper::new(db, Retention::default());
    assert_eq!(sweeper.sweep().await.unwrap(), 0);
    fixture.clock.advance(idempotency::TTL + Duration::from_secs(1));
    assert_eq!(sweeper.sweep().await.unwrap(), 1, "the key");
    fixture.clock.advance(30 * DAY);
    assert_eq!(sweeper.sweep().await.unwrap(), 1500, "the ids");
}

#[tokio::test]
async fn a_sweeper_stops_when_told() {
    let fixture = open().await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let sweeper = Sweeper::new(&fixture.db, Retention::default());
    cancel.cancel();
    sweeper.run(cancel).await;
    assert_eq!(Arc::strong_count(&fixture.clock), 2, "the sweeper let go of the database");
}
