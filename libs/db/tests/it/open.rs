//! Opening databases.

use std::sync::Arc;

use db::{Db, Durability, Error, Options};
use kernel::{Classify, Kind, SystemClock, SystemIds};
use sea_orm::ConnectionTrait;

use crate::support::{clock, number, open, open_at, run, sql};

async fn open_plain(url: &str) -> Result<Db, Error> {
    Db::open(url, Options::default(), Arc::new(SystemClock), Arc::new(SystemIds)).await
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_with_the_known_ones() {
    let error = open_plain("postgres://user:secret@localhost/orders").await.expect_err("not supported");
    assert!(matches!(&error, Error::UnknownScheme { scheme } if scheme == "postgres"));
    assert_eq!(error.to_string(), "no database for the scheme \"postgres\"; there is: sqlite");
}

#[tokio::test]
async fn a_malformed_url_is_refused() {
    assert!(matches!(open_plain("sqlite://x.db?colour=blue").await, Err(Error::BadUrl(_))));
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let error = open_plain(&format!("sqlite://{}", folder.path().display())).await.expect_err("a folder");
    assert_eq!((error.kind(), error.reason()), (Kind::Unavailable, "DATABASE_UNAVAILABLE"));
}

#[tokio::test]
async fn data_outlives_the_database_and_its_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("data/of/notes.db").display());
    let first = open_at(&url, Options::new("notes"), clock()).await;
    run(&first, "INSERT INTO notes VALUES ('a', 7)").await.unwrap();
    first.close().await;
    let error = run(&first, "INSERT INTO notes VALUES ('b', 7)").await.expect_err("closed");
    assert_eq!(error.reason(), "DATABASE_UNAVAILABLE");
    assert!(first.ping().await.is_err());
    let second = open_at(&url, Options::new("notes"), clock()).await;
    second.ping().await.expect("answers");
    assert_eq!(number(&second, "SELECT count FROM notes").await, 7);
}

#[tokio::test]
async fn temporary_databases_are_apart_and_go_when_dropped() {
    let (one, other) = (open().await, open().await);
    run(&one.db, "INSERT INTO notes VALUES ('a', 1)").await.unwrap();
    assert_eq!(number(&other.db, "SELECT COUNT(*) FROM notes").await, 0);
    let file = "SELECT file FROM pragma_database_list";
    let row = one.db.reader().query_one_raw(sql(one.db.reader(), file, [])).await.unwrap().unwrap();
    let file: String = row.try_get_by_index(0).unwrap();
    assert!(std::fs::exists(&file).unwrap());
    one.db.close().await;
    drop(one);
    assert!(!std::fs::exists(&file).unwrap());
}

#[tokio::test]
async fn connections_are_set_up_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    for (durability, synchronous) in [(Durability::Full, 2), (Durability::Normal, 1)] {
        let url = format!("sqlite://{}", folder.path().join(format!("{synchronous}.db")).display());
        let db = open_at(&url, Options { durability, ..Options::new("notes") }, clock()).await;
        let writer = async |pragma: &str| {
            db.write(|tx| {
                let text = format!("PRAGMA {pragma}");
                Box::pin(async move {
                    let row = tx.query_one_raw(sql(tx, &text, [])).await?.expect("a value");
                    Ok::<i64, Error>(row.try_get_by_index(0)?)
                })
            })
            .await
            .unwrap()
        };
        assert_eq!(writer("synchronous").await, synchronous);
        assert_eq!(writer("foreign_keys").await, 1);
        assert_eq!(writer("busy_timeout").await, 1000);
        assert_eq!(writer("cache_size").await, -1024);
        assert_eq!(number(&db, "PRAGMA query_only").await, 1);
        let mode = db.reader().query_one_raw(sql(db.reader(), "PRAGMA journal_mode", [])).await.unwrap().unwrap();
        assert_eq!(mode.try_get_by_index::<String>(0).unwrap(), "wal");
    }
}
