//! The first start, and the ones after it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use system_tests::Rest;

use crate::{
    program::Place,
    shop::{Shop, assert_no_errors, credentials},
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("exists").permissions().mode() & 0o777
}

/// Does what the banner's `curl` lines do.
async fn follow(shop: &Shop) {
    let lines: Vec<_> = shop.banner.lines().filter_map(|line| line.trim().strip_prefix("curl ")).collect();
    let [products, search, register] = lines[..] else { panic!("three lines to try: {}", shop.banner) };
    let path = |text: &str| {
        text.trim_matches('\'').strip_prefix(shop.url.as_str()).expect("is an address of the shop").to_owned()
    };
    let listed = shop.rest().get(&path(products)).await.ok();
    assert_eq!(listed["products"].as_array().map(Vec::len), Some(5), "{listed}");
    let found = shop.rest().get(&path(search)).await.ok();
    assert!(found["totalSize"].as_i64() > Some(0), "there is something to find: {found}");
    let (address, body) = register.split_once(" --json ").expect("registers with JSON");
    let body: Value = serde_json::from_str(body.trim_matches('\'')).expect("is JSON");
    let registered = shop.rest().post(&path(address), body.clone()).await.ok();
    assert_eq!(registered["email"], body["email"]);
}

#[tokio::test]
async fn everything_is_told_and_the_password_only_once() {
    let place = Place::new();
    let data = place.path(".ultramarket");
    let ports = ["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    // Without a command, on the defaults.
    let shop = place.call(ports).open().await;
    let (email, password) = credentials(&data);
    for told in [
        shop.url.as_str(),
        &format!("{}/docs", shop.url),
        &shop.operations,
        &email,
        &password,
        ".ultramarket/admin-credentials.json",
        " products, to play with",
    ] {
        assert!(shop.banner.contains(told), "{told} is missing in {}", shop.banner);
    }
    assert_eq!((mode(&data), mode(&data.join("admin-credentials.json"))), (0o700, 0o600));
    follow(&shop).await;
    assert!(shop.operator().get("/health/ready").await.status.is_success());
    let admin = shop.administrator(&data).await;
    admin.rest.get("/api/v1/admin/accounts?pageSize=1").await.ok();
    let products = number_of_products(&shop.rest()).await;
    assert!(products >= 55, "about 60 products: {products}");
    assert!(shop.banner.contains(&format!(" {products} products")), "{}", shop.banner);
    shop.stop().await;

    let again = place.call(ports).open().await;
    assert!(!again.banner.contains(&password) && !again.banner.contains("to play with"), "{}", again.banner);
    assert!(again.banner.contains("see .ultramarket/admin-credentials.json"), "{}", again.banner);
    assert_eq!(credentials(&data), (email, password));
    again.administrator(&data).await;
    assert_eq!(number_of_products(&again.rest()).await, products);
    again.stop().await;
}

async fn number_of_products(rest: &Rest) -> usize {
    let list = rest.get("/api/v1/products?pageSize=100").await.ok();
    assert_eq!(list["nextPageToken"].as_str().unwrap_or_default(), "", "all are on one page");
    list["products"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn without_the_sample_the_shop_is_empty() {
    let place = Place::new();
    let shop = place.up().open().await;
    assert!(!shop.banner.contains("to play with"), "{}", shop.banner);
    assert_eq!(number_of_products(&shop.rest()).await, 0);
    shop.stop().await;
    let again = place.call(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", "data"]).open().await;
    assert_eq!(number_of_products(&again.rest()).await, 0, "the sample is a matter of the first start");
    again.stop().await;
}

#[tokio::test]
async fn a_data_directory_may_have_any_name() {
    let place = Place::new();
    let name = "a b%41?c=d#é";
    let up = ["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", name];
    let shop = place.call(up).open().await;
    let data = place.path(name);
    let email = shop.administrator(&data).await.email;
    assert!(data.join("order.db").is_file(), "the databases are in {name}");
    shop.stop().await;
    let again = place.call(up).open().await;
    assert_eq!(again.administrator(&data).await.email, email);
    again.stop().await;
}

#[tokio::test]
async fn a_first_start_that_is_killed_is_finished_by_the_next_one() {
    let place = Place::new();
    let up = || place.call(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", "data"]);
    let has = |name: &str| place.data().join(name).exists();
    // At what it does one after the other: databases, keys, the administrator, the sample.
    let moments: [&dyn Fn() -> bool; 4] =
        [&|| has("order.db"), &|| has("notification.db"), &|| has("admin-credentials.json"), &|| {
            has("sample.pending") && has("search")
        }];
    for (number, so_far) in moments.into_iter().enumerate() {
        let mut process = up().start();
        testkit::eventually_within(Duration::from_secs(60), "so far", || {
            std::future::ready((so_far() || process.status().is_some()).then_some(()))
        })
        .await;
        assert!(process.out().is_empty(), "moment {number} is before it is up: {}", process.out());
        assert_no_errors(&process.kill().err);
    }
    let shop = up().open().await;
    let admin = shop.administrator(&place.data()).await;
    let admins = admin.rest.get("/api/v1/admin/accounts?pageSize=100").await.ok();
    let admins = admins["accounts"].as_array().expect("there are accounts").len();
    assert_eq!(admins, 1);
    assert!(number_of_products(&shop.rest()).await >= 55, "the sample is whole");
    assert!(shop.banner.contains("to play with"), "{}", shop.banner);
    shop.signal(Signal::INT);
    let ended = shop.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(!has("sample.pending"));
}
