//! Transactions.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use db::{Db, Error, Options};
use futures::{FutureExt, future::join_all};
use kernel::Classify;
use sea_orm::ConnectionTrait;
use tokio::sync::oneshot;

use crate::support::{add, clock, number, open, open_at, run, written};

#[tokio::test(flavor = "multi_thread")]
async fn parallel_writers_sum_up() {
    let fixture = open().await;
    let name = "a".to_owned();
    let writers = (0..100).map(|_| fixture.db.write(|tx| add(tx, &name).boxed()));
    let mut counts: Vec<i64> = join_all(writers).await.into_iter().collect::<Result<_, _>>().expect("all succeed");
    counts.sort_unstable();
    assert_eq!(counts, (1..=100).collect::<Vec<i64>>());
    assert_eq!(number(&fixture.db, "SELECT count FROM notes").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("notes.db").display());
    let options = Options { busy_timeout: Duration::from_millis(100), ..Options::new("notes") };
    let one = open_at(&url, options.clone(), clock()).await;
    let other = open_at(&url, options, clock()).await;
    let writers = (0..60).map(|n| if n % 2 == 0 { &one } else { &other }).map(|db| db.write(|tx| add(tx, "a").boxed()));
    join_all(writers).await.into_iter().collect::<Result<Vec<i64>, _>>().expect("all succeed");
    assert_eq!(number(&one, "SELECT count FROM notes").await, 60);
}

/// Holds the write lock of `db` until told.
async fn hold(db: &Db, holding: oneshot::Sender<()>, release: oneshot::Receiver<()>) {
    let (holding, release) = (std::sync::Mutex::new(Some(holding)), tokio::sync::Mutex::new(release));
    let held = db.write(|tx| {
        let (holding, release) = (holding.lock().expect("not poisoned").take(), &release);
        Box::pin(async move {
            add(tx, "held").await?;
            holding.expect("runs once").send(()).expect("somebody waits");
            (&mut *release.lock().await).await.expect("is told");
            Ok::<_, Error>(())
        })
    });
    held.await.expect("commits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_lost_the_race_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("notes.db").display());
    let options = Options { busy_timeout: Duration::from_millis(1), ..Options::new("notes") };
    let one = open_at(&url, options.clone(), clock()).await;
    let other = open_at(&url, options, clock()).await;
    let ((holding, held), (release, released)) = (oneshot::channel(), oneshot::channel());
    let late = async {
        held.await.unwrap();
        let error = run(&other, "INSERT INTO notes VALUES ('a', 1)").await.expect_err("the lock is held");
        assert!(error.is_transient());
        assert_eq!(error.reason(), "DATABASE_UNAVAILABLE");
        release.send(()).unwrap();
        run(&other, "INSERT INTO notes VALUES ('a', 1)").await.expect("the lock is free");
    };
    tokio::join!(hold(&one, holding, released), late);
}

#[tokio::test]
async fn work_that_reports_a_lost_race_runs_again_and_other_errors_are_final() {
    #[derive(Debug, thiserror::Error)]
    enum Failed {
        #[error("store notes")]
        Store(#[from] Error),
        #[error("the rules forbid it")]
        Rule,
    }
    let fixture = open().await;
    let runs = AtomicU32::new(0);
    let done = fixture.db.write(|tx| {
        let runs = &runs;
        Box::pin(async move {
            add(tx, "a").await?;
            match runs.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err(Failed::Store(Error::Busy(sea_orm::DbErr::Custom("lost".to_owned())))),
                _ => Ok(()),
            }
        })
    });
    done.await.expect("the third run succeeds");
    assert_eq!(number(&fixture.db, "SELECT count FROM notes").await, 1, "the lost runs left nothing");

    let runs = AtomicU32::new(0);
    let failed = fixture.db.write(|tx| {
        let runs = &runs;
        Box::pin(async move {
            add(tx, "a").await?;
            tx.emit("a", &written("never")).await?;
            runs.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(Failed::Rule)
        })
    });
    assert!(matches!(failed.await, Err(Failed::Rule)));
    assert_eq!(runs.into_inner(), 1);
    assert_eq!(number(&fixture.db, "SELECT count FROM notes").await, 1);
    assert_eq!(number(&fixture.db, "SELECT COUNT(*) FROM outbox").await, 0);
}

#[tokio::test]
async fn a_panic_rolls_back_and_the_next_transaction_works() {
    let fixture = open().await;
    let panics = fixture.db.write(|tx| {
        Box::pin(async move {
            add(tx, "a").await?;
            if number_of_notes(tx).await? == 1 {
                panic!("a bug");
            }
            Ok::<_, Error>(())
        })
    });
    assert!(std::panic::AssertUnwindSafe(panics).catch_unwind().await.is_err());
    assert_eq!(fixture.db.write(|tx| add(tx, "a").boxed()).await.unwrap(), 1);
}

async fn number_of_notes(db: &impl ConnectionTrait) -> Result<i64, Error> {
    let row = db.query_one_raw(crate::support::sql(db, "SELECT COUNT(*) FROM notes", [])).await?;
    Ok(row.expect("a count").try_get_by_index(0)?)
}

/// Runs `work` until it has waited `polls` times, and drops it.
async fn cut<F: Future>(polls: u32, work: F) -> Option<F::Output> {
    let (mut work, mut left) = (Box::pin(work), polls);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Cut off at any moment, a transaction has happened completely or not at all, and blocks nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_leaves_nothing_behind() {
    let fixture = open().await;
    let db = &fixture.db;
    let (mut finished, mut dropped) = (0, 0);
    for round in 0..600 {
        let work = db.write(|tx| {
            Box::pin(async move {
                add(tx, "a").await?;
                tx.emit("a", &written("a")).await?;
                add(tx, "b").await
            })
        });
        match cut(round % 12, work).await {
            Some(result) => finished += result.map(|_| 1).expect("nobody is in the way"),
            None => dropped += 1,
        }
    }
    let a = db.write(|tx| add(tx, "a").boxed()).await.expect("the writer is free") - 1;
    let b = number(db, "SELECT count FROM notes WHERE name = 'b'").await;
    assert_eq!(a, b);
    assert_eq!(a, number(db, "SELECT COUNT(*) FROM outbox").await);
    assert!(a >= finished, "{finished} transactions reported success, {a} happened");
    assert!(finished > 0 && dropped > 0, "finished {finished}, dropped {dropped}");
}

#[tokio::test]
async fn a_transaction_within_a_transaction_fails_instead_of_hanging() {
    let options = Options { acquire_timeout: Duration::from_millis(50), ..Options::new("notes") };
    let db = open_at("sqlite::memory:", options, clock()).await;
    let nested = db.write(|_| db.write(|tx| add(tx, "a").boxed()).boxed()).await;
    assert_eq!(nested.expect_err("waits for itself").reason(), "DATABASE_UNAVAILABLE");
    db.write(|tx| add(tx, "a").boxed()).await.expect("the writer is free again");
}

#[tokio::test]
async fn readers_neither_write_nor_wait_for_writers() {
    let fixture = open().await;
    let write = fixture.db.reader().execute_unprepared("INSERT INTO notes VALUES ('a', 1)").await;
    assert!(write.expect_err("read only").to_string().contains("readonly"));
    let seen = fixture.db.write(|tx| {
        let db = &fixture.db;
        Box::pin(async move {
            add(tx, "a").await?;
            Ok::<_, Error>(number(db, "SELECT COUNT(*) FROM notes").await)
        })
    });
    assert_eq!(seen.await.unwrap(), 0, "what is not committed is not seen");
}

#[tokio::test]
async fn time_stands_still_within_a_transaction() {
    let fixture = open().await;
    let clock = Arc::clone(&fixture.clock);
    let (first, second) = fixture
        .db
        .write(|tx| {
            let clock = &clock;
            Box::pin(async move {
                let first = tx.now();
                clock.advance(Duration::from_secs(1));
                Ok::<_, Error>((first, tx.now()))
            })
        })
        .await
        .unwrap();
    assert_eq!(first, second);
}

#[tokio::test]
async fn nothing_of_a_transaction_stays_when_the_file_is_full() {
    let fixture = open().await;
    let db = &fixture.db;
    let pages = number(db, "PRAGMA page_count").await;
    run(db, &format!("PRAGMA max_page_count = {}", pages + 10)).await.unwrap();
    let careless = db.write(|tx| {
        Box::pin(async move {
            add(tx, "a").await?;
            let large = "INSERT INTO notes SELECT hex(zeroblob(100000)), 1";
            let full: Error = tx.execute_unprepared(large).await.expect_err("is full").into();
            assert_eq!(full.reason(), "DATABASE_UNAVAILABLE");
            add(tx, "b").await
        })
    });
    let error = careless.await.expect_err("the transaction is lost");
    assert_eq!(error.reason(), "INTERNAL");
    assert_eq!(db.write(|tx| add(tx, "a").boxed()).await.expect("there is room for this"), 1);
    assert_eq!(number(db, "SELECT COUNT(*) FROM notes").await, 1);
}

#[tokio::test]
async fn effects_outside_of_the_database_follow_the_commit() {
    let fixture = open().await;
    let effects = Arc::new(AtomicU32::new(0));
    let attempt = async |fails: bool| {
        fixture
            .db
            .write(|tx| {
                let effects = Arc::clone(&effects);
                Box::pin(async move {
                    tx.after_commit(move || _ = effects.fetch_add(1, Ordering::SeqCst));
                    add(tx, "a").await?;
                    if fails { Err(Error::Busy(sea_orm::DbErr::Custom("lost".to_owned()))) } else { Ok(()) }
                })
            })
            .await
    };
    attempt(true).await.expect_err("loses every race");
    assert_eq!(effects.load(Ordering::SeqCst), 0);
    attempt(false).await.expect("commits");
    assert_eq!(effects.load(Ordering::SeqCst), 1);
}

/// Transactions that wait for each other commit together; each fails, panics or is cut off by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transactions_that_commit_together_succeed_and_fail_apart() {
    let fixture = open().await;
    let db = &fixture.db;
    run(db, "INSERT INTO notes VALUES ('taken', 1)").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..600_u32 {
        let db = db.clone();
        tasks.spawn(async move {
            let name = format!("n{n}");
            let work = db.write(|tx| {
                let name = &name;
                Box::pin(async move {
                    add(tx, name).await?;
                    tx.emit(name, &written(name.as_str())).await?;
                    match n % 6 {
                        1 => run_in(tx, "INSERT INTO notes VALUES ('taken', 2)").await,
                        2 => panic!("a bug"),
                        3 => run_in(tx, "INSERT INTO nowhere VALUES (1)").await.or(Ok(())),
                        4 => Err(Error::Busy(sea_orm::DbErr::Custom("never wins".to_owned()))),
                        _ => Ok(()),
                    }
                })
            });
            let work = std::panic::AssertUnwindSafe(work).catch_unwind();
            let outcome = if n % 6 == 5 { cut(n / 6 % 8, work).await } else { Some(work.await) };
            let expected = match outcome {
                Some(Ok(Ok(()))) => Some(1),
                Some(_) => Some(0),
                None => None,
            };
            (name, expected)
        });
    }
    let outcomes = tasks.join_all().await;
    run(db, "SELECT 1").await.expect("the writer is free");
    let mut seen = [0, 0, 0];
    for (name, expected) in outcomes {
        let count = number(db, &format!("SELECT count FROM notes WHERE name = '{name}'")).await;
        let events = number(db, &format!("SELECT COUNT(*) FROM outbox WHERE aggregate = '{name}'")).await;
        assert_eq!(count, events, "{name} happened as a whole");
        match expected {
            Some(expected) => assert_eq!(count, expected, "{name} happened as reported"),
            None => assert!(count <= 1, "{name} happened at most once"),
        }
        seen[expected.map_or(2, |count| usize::from(count == 1))] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "failed, succeeded and cut off: {seen:?}");
}

async fn run_in(tx: &db::Tx, sql: &str) -> Result<(), Error> {
    tx.execute_unprepared(sql).await?;
    Ok(())
}

/// What is lost with a common commit runs again, and only what filled the file fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_common_commit_that_fails_is_repeated_by_the_innocent() {
    let fixture = open().await;
    let db = &fixture.db;
    let pages = number(db, "PRAGMA page_count").await;
    run(db, &format!("PRAGMA max_page_count = {}", pages + 30)).await.unwrap();
    let writers = (0..40).map(|n| async move {
        let name = format!("n{n}");
        let write = db.write(|tx| {
            let name = &name;
            Box::pin(async move {
                add(tx, name).await?;
                if n % 10 == 5 {
                    run_in(tx, "INSERT INTO notes SELECT hex(zeroblob(200000)), 1").await?;
                }
                Ok::<_, Error>(())
            })
        });
        (n, write.await)
    });
    for (n, result) in join_all(writers).await {
        match n % 10 {
            5 => assert_eq!(result.expect_err("is full").reason(), "DATABASE_UNAVAILABLE"),
            _ => result.expect("there is room for it"),
        }
    }
    assert_eq!(number(db, "SELECT SUM(count) FROM notes").await, 36);
}

#[test]
fn a_runtime_that_ends_within_a_transaction_leaves_the_database_usable() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    let fixture = first.block_on(open());
    let db = fixture.db.clone();
    let (begun, begins) = std::sync::mpsc::channel();
    let work = async move {
        let stuck = db.write(|tx| {
            let begun = begun.clone();
            Box::pin(async move {
                add(tx, "a").await?;
                begun.send(()).expect("somebody waits");
                std::future::pending::<Result<(), Error>>().await
            })
        });
        drop(stuck.await);
    };
    drop(first.spawn(work));
    begins.recv().unwrap();
    first.shutdown_timeout(Duration::from_secs(5));
    let count = runtime().block_on(async { fixture.db.write(|tx| add(tx, "a").boxed()).await });
    assert_eq!(count.expect("the writer is free"), 1);
}
