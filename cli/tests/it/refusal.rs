//! What makes a start impossible: one sentence, one code, and nothing is damaged.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
};

use db::{Db, Options};
use kernel::{SystemClock, SystemIds};
use sea_orm::ConnectionTrait;

use crate::{
    program::Place,
    shop::{Shop, credentials},
};

/// Everything that is kept in a directory, byte by byte. The memory that SQLite's processes share is no content.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                open.push(path);
            } else if !path.to_string_lossy().ends_with("-shm") {
                let bytes = fs::read(&path).expect("a readable file");
                found.insert(path, bytes);
            }
        }
    }
    found
}

fn assert_same(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) {
    // A log that was not there before and is empty holds nothing.
    let names = |of: &BTreeMap<PathBuf, Vec<u8>>| {
        of.iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(before), names(after));
    for (path, bytes) in before {
        assert!(bytes.is_empty() || after[path] == *bytes, "{} was changed", path.display());
    }
}

async fn is_well(shop: &Shop, data: &Path) {
    let admin = shop.administrator(data).await;
    admin.rest.get("/api/v1/orders?allAccounts=true").await.ok();
    assert!(shop.operator().get("/health/ready").await.status.is_success());
}

#[tokio::test]
async fn a_second_instance_is_turned_away_and_the_first_one_goes_on() {
    let place = Place::new();
    let shop = place.up().open().await;
    let before = credentials(&place.data());
    let commands = [
        place.up(),
        place.call(["migrate", "up", "--data-dir", "data"]),
        place.call(["migrate", "status", "--data-dir", "data"]),
        place.call(["migrate", "down", "--service", "order", "--data-dir", "data"]),
    ];
    for command in commands {
        let ended = command.run().await;
        let sentence = ended.refused(75);
        assert!(sentence.starts_with("another process is using the data directory "), "{sentence}");
    }
    assert_eq!(credentials(&place.data()), before);
    is_well(&shop, &place.data()).await;
    shop.stop().await;
    place.up().open().await.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_told_before_anything_is_touched() {
    let place = Place::new();
    let other = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let port = other.local_addr().expect("has an address").port();
    for (up, flag) in [(place.up_on(port, 0), "--http"), (place.up_on(0, port), "--admin")] {
        let ended = up.run().await;
        let sentence = ended.refused(75);
        let wanted = format!(
            "cannot listen on 127.0.0.1:{port}: another process has the port; choose another address with {flag}"
        );
        assert_eq!(sentence, wanted);
        assert!(!place.data().exists());
    }
    let ended = place.call(["up", "--http", "203.0.113.1:80", "--data-dir", "data"]).run().await;
    assert!(ended.refused(73).contains("203.0.113.1:80"), "{}", ended.err);
    assert!(!place.data().exists());
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_told_with_its_name() {
    let place = Place::new();
    let file = place.write("file", "mine");
    let inside = file.join("data");
    let nowhere = PathBuf::from("/proc/ultramarket");
    for data in [&file, &inside, &nowhere] {
        let ended = place.call(["up", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"]).path(data);
        let ended = ended.run().await;
        let sentence = ended.refused(73);
        assert!(sentence.contains(&data.display().to_string()), "{sentence}");
        let ended = place.call(["migrate", "up", "--data-dir"]).path(data).run().await;
        ended.refused(73);
    }
    assert_eq!(fs::read_to_string(file).expect("is there"), "mine");
}

#[tokio::test]
async fn what_is_no_database_is_told_with_its_name_and_left_alone() {
    let place = Place::new();
    fs::create_dir(place.data()).expect("creates");
    let garbage = "this was a shopping list, and it is long enough to be taken for a page. ".repeat(100);
    fs::write(place.data().join("order.db"), &garbage).expect("writes");
    let ended = place.up().run().await;
    assert!(ended.refused(73).contains("data/order.db"), "{}", ended.err);
    assert_eq!(fs::read_to_string(place.data().join("order.db")).expect("is there"), garbage);
}

async fn database(place: &Place, service: &str) -> Db {
    let url = format!("sqlite://{}", place.data().join(format!("{service}.db")).display());
    let db = Db::open(&url, Options::new(service), Arc::new(SystemClock), Arc::new(SystemIds)).await;
    db.expect("the database can be opened")
}

async fn execute(place: &Place, service: &str, sql: &str) {
    let db = database(place, service).await;
    db.write(|tx| {
        Box::pin(async move {
            tx.execute_unprepared(sql).await?;
            Ok::<_, db::Error>(())
        })
    })
    .await
    .expect("the row can be written");
    db.close().await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_nothing_is_changed() {
    let place = Place::new();
    place.up().open().await.stop().await;
    // Whatever was not done yet is done, and there is something to do: nothing of it must happen.
    place.call(["migrate", "down", "--service", "identity", "--data-dir", "data"]).run().await.ok();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_from_the_future', 0)";
    execute(&place, "notification", newer).await;
    let before = contents(&place.data());
    let commands = [
        place.up(),
        place.call(["migrate", "up", "--data-dir", "data"]),
        place.call(["migrate", "status", "--data-dir", "data"]),
        place.call(["migrate", "down", "--service", "notification", "--data-dir", "data"]),
    ];
    for command in commands {
        let ended = command.run().await;
        assert_eq!(
            ended.refused(78),
            "the database of notification does not fit: the schema is newer than this program, unknown to it: \
             m29990101_000001_from_the_future; use the version of ultramarket that wrote it"
        );
        assert_same(&before, &contents(&place.data()));
    }
    execute(&place, "notification", "DELETE FROM seaql_migrations WHERE version LIKE 'm2999%'").await;
    let shop = place.up().open().await;
    shop.stop().await;
}

#[tokio::test]
async fn wrong_usage_ends_with_code_2_and_names_what_is_wrong() {
    let place = Place::new();
    for (arguments, part) in [
        (&["--colour", "red"][..], "--colour"),
        (&["down"], "down"),
        (&["up", "--http", "8000"], "8000"),
        (&["--set", "nonsense"], "KEY=VALUE"),
        (&["migrate"], "migrate"),
        (&["migrate", "down"], "--service"),
        (&["migrate", "down", "--service", "order", "--steps", "0"], "0"),
        (&["migrate", "down", "--service", "search"], "there are identity, user, catalog, "),
        (&["import"], "<FILE>"),
        (&["import", "x", "--stock", "-1"], "-1"),
        (&["import", "x", "--currency", "XXX0"], "XXX0"),
        (&["import", "x", "--token", "t", "--data-dir", "d"], "--data-dir"),
        (&["config"], "config"),
        (&["--http", "127.0.0.1:0", "openapi"], "--http"),
    ] {
        let ended = place.call(arguments).run().await;
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(part), "{arguments:?}: {}", ended.err);
    }
    assert!(!place.path(".ultramarket").exists());
    let help = place.call(["--help"]).run().await;
    assert!(help.ok().contains("75  the port or the data directory is in use"), "{}", help.out);
    assert_eq!(place.call(["--version"]).run().await.ok(), format!("ultramarket {}\n", env!("CARGO_PKG_VERSION")));
}
