//! Requests that come again.

use std::time::Duration;

use bytes::Bytes;
use db::idempotency::{Begin, Claim, Error, Key, LEASE, Outcome, TTL, begin, free_abandoned};
use futures::{FutureExt, future::join_all};
use kernel::{Classify, Kind};

use crate::support::{add, number, open};

fn key() -> Key {
    Key {
        principal: "ann".to_owned(),
        method: "/shop.v1.OrderService/PlaceOrder".to_owned(),
        key: "7".to_owned(),
        fingerprint: [1; 32],
    }
}

fn reply() -> Outcome {
    Outcome::Reply(Bytes::from_static(b"the order"))
}

async fn claim(db: &db::Db, key: &Key) -> Claim {
    match begin(db, key).await.expect("begins") {
        Begin::Run(claim) => claim,
        Begin::Replay(outcome) => panic!("was done before: {outcome:?}"),
    }
}

/// The work of a request: an effect and its reply in one transaction.
async fn work(db: &db::Db, claim: &Claim) -> Result<(), Error> {
    db.write(|tx| {
        Box::pin(async move {
            add(tx, "orders").await?;
            claim.complete(tx, &reply()).await
        })
    })
    .await
}

#[tokio::test]
async fn the_stored_reply_is_replayed() {
    let fixture = open().await;
    let db = &fixture.db;
    let claim = claim(db, &key()).await;
    assert_eq!(claim.key(), &key());
    work(db, &claim).await.expect("completes");
    for _ in 0..2 {
        assert!(matches!(begin(db, &key()).await, Ok(Begin::Replay(outcome)) if outcome == reply()));
    }
}

#[tokio::test]
async fn keys_of_work_that_died_are_freed_and_replies_are_kept() {
    let fixture = open().await;
    let db = &fixture.db;
    let done = claim(db, &key()).await;
    work(db, &done).await.expect("completes");
    let other = Key { key: "8".to_owned(), ..key() };
    let died = claim(db, &other).await;
    assert_eq!(free_abandoned(db).await.expect("frees"), 1);
    assert!(matches!(begin(db, &key()).await, Ok(Begin::Replay(outcome)) if outcome == reply()));
    assert!(matches!(begin(db, &other).await, Ok(Begin::Run(_))));
    assert!(matches!(work(db, &died).await, Err(Error::Lost)), "whoever was late has no effect");
}

#[tokio::test]
async fn a_final_error_is_replayed() {
    let fixture = open().await;
    let status = Bytes::from_static(b"out of stock");
    claim(&fixture.db, &key()).await.fail(&fixture.db, status.clone()).await.expect("stores");
    let again = begin(&fixture.db, &key()).await;
    assert!(matches!(again, Ok(Begin::Replay(Outcome::Error(bytes))) if bytes == status));
}

#[tokio::test]
async fn a_key_belongs_to_its_principal_and_method() {
    let fixture = open().await;
    let _ann = claim(&fixture.db, &key()).await;
    let _bob = claim(&fixture.db, &Key { principal: "bob".to_owned(), ..key() }).await;
    let _cancel = claim(&fixture.db, &Key { method: "/shop.v1.OrderService/Cancel".to_owned(), ..key() }).await;
}

#[tokio::test]
async fn another_request_with_the_key_is_refused_at_any_time() {
    let fixture = open().await;
    let other = Key { fingerprint: [2; 32], ..key() };
    let claim = claim(&fixture.db, &key()).await;
    let error = begin(&fixture.db, &other).await.expect_err("in flight");
    assert_eq!((error.kind(), error.reason()), (Kind::KeyReused, "IDEMPOTENCY_KEY_REUSED"));
    fixture.clock.advance(LEASE);
    assert!(matches!(begin(&fixture.db, &other).await, Err(Error::Reused)), "the lease ran out");
    work(&fixture.db, &claim).await.expect("completes");
    assert!(matches!(begin(&fixture.db, &other).await, Err(Error::Reused)), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_requests_at_once_runs() {
    let fixture = open().await;
    let key = key();
    let began = join_all((0..32).map(|_| begin(&fixture.db, &key))).await;
    let mut claims = Vec::new();
    for result in began {
        match result {
            Ok(Begin::Run(claim)) => claims.push(claim),
            Ok(Begin::Replay(outcome)) => panic!("nothing is done yet: {outcome:?}"),
            Err(error) => {
                assert_eq!((error.kind(), error.reason()), (Kind::Aborted, "IDEMPOTENCY_KEY_IN_FLIGHT"));
                assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
            }
        }
    }
    assert_eq!(claims.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_that_insist_have_one_effect() {
    let fixture = open().await;
    let (db, key) = (&fixture.db, key());
    let insist = || async {
        loop {
            match begin(db, &key).await {
                Ok(Begin::Run(claim)) => work(db, &claim).await.expect("completes"),
                Ok(Begin::Replay(outcome)) => return outcome,
                Err(Error::InFlight { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let outcomes = join_all((0..16).map(|_| insist())).await;
    assert!(outcomes.iter().all(|outcome| *outcome == reply()));
    assert_eq!(number(db, "SELECT count FROM notes").await, 1);
}

#[tokio::test]
async fn work_that_died_is_taken_over_and_cannot_come_back() {
    let fixture = open().await;
    let db = &fixture.db;
    let first = claim(db, &key()).await;
    fixture.clock.advance(LEASE - Duration::from_micros(1));
    assert!(matches!(begin(db, &key()).await, Err(Error::InFlight { .. })));
    fixture.clock.advance(Duration::from_micros(1));
    let second = claim(db, &key()).await;
    let late = work(db, &first).await.expect_err("was taken over");
    assert!(matches!(late, Error::Lost));
    assert_eq!(late.kind(), Kind::Aborted);
    assert_eq!(number(db, "SELECT COUNT(*) FROM notes").await, 0, "its effect is gone with it");
    first.release(db).await.expect("does nothing");
    work(db, &second).await.expect("completes");
    assert_eq!(number(db, "SELECT count FROM notes").await, 1);
}

#[tokio::test]
async fn work_that_is_late_but_was_not_taken_over_completes() {
    let fixture = open().await;
    let claim = claim(&fixture.db, &key()).await;
    fixture.clock.advance(2 * LEASE);
    work(&fixture.db, &claim).await.expect("nobody else did it");
}

#[tokio::test]
async fn a_released_key_is_free_at_once() {
    let fixture = open().await;
    claim(&fixture.db, &key()).await.release(&fixture.db).await.expect("releases");
    let other = Key { fingerprint: [2; 32], ..key() };
    let claim = claim(&fixture.db, &other).await;
    work(&fixture.db, &claim).await.expect("completes");
    claim.release(&fixture.db).await.expect("does nothing");
    assert!(matches!(begin(&fixture.db, &other).await, Ok(Begin::Replay(_))), "what is done stays done");
}

#[tokio::test]
async fn the_reply_is_gone_when_the_work_is_rolled_back() {
    let fixture = open().await;
    let claim = claim(&fixture.db, &key()).await;
    let rolled_back = fixture.db.write(|tx| {
        let claim = &claim;
        async move {
            claim.complete(tx, &reply()).await?;
            Err::<(), _>(Error::Lost)
        }
        .boxed()
    });
    rolled_back.await.expect_err("fails");
    assert!(matches!(begin(&fixture.db, &key()).await, Err(Error::InFlight { .. })));
}

#[tokio::test]
async fn an_outcome_is_kept_for_its_time() {
    let fixture = open().await;
    work(&fixture.db, &claim(&fixture.db, &key()).await).await.expect("completes");
    fixture.clock.advance(TTL - Duration::from_micros(1));
    assert!(matches!(begin(&fixture.db, &key()).await, Ok(Begin::Replay(_))));
    fixture.clock.advance(Duration::from_micros(1));
    let _new = claim(&fixture.db, &Key { fingerprint: [2; 32], ..key() }).await;
}
