//! Imports that are killed, and servers that are killed under them.

use std::{collections::BTreeSet, fs, time::Duration};

use serde_json::Value;

use super::{counted, import, lines, products, stock};
use crate::{
    program::{Place, Process, free_port},
    shop::{Shop, assert_no_errors},
};

/// Enough for several batches.
const PRODUCTS: usize = 3000;

/// The line up to which an import has come, as its checkpoint says.
fn line_reached(place: &Place) -> u64 {
    let folder = fs::read_dir(place.data().join("imports")).into_iter().flatten();
    let files = folder.map(|entry| entry.expect("a readable folder").path());
    let kept = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let lines = kept.filter_map(|path| serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok()?["line"].as_u64());
    lines.max().unwrap_or(0)
}

/// Waits until an import is in the middle of it.
async fn under_way(place: &Place, importer: &mut Process) -> u64 {
    testkit::eventually_within(Duration::from_secs(60), "the first batch", || {
        assert!(importer.status().is_none(), "ended too early: {}", importer.err());
        std::future::ready(Some(line_reached(place)).filter(|line| *line > 0))
    })
    .await
}

/// Everything is there, once.
async fn assert_whole(place: &Place, shop: &Shop) {
    let found = products(&shop.rest()).await;
    assert_eq!(found.len(), PRODUCTS);
    let skus: BTreeSet<_> =
        found.values().map(|product| product["variants"][0]["sku"].as_str().expect("has a SKU").to_owned()).collect();
    assert_eq!(skus.len(), PRODUCTS);
    let skus: Vec<_> = skus.into_iter().collect();
    let stock = stock(&shop.rest(), &skus).await;
    assert!(stock.len() == PRODUCTS && stock.values().all(|available| *available == 5));
    let movements = shop.administrator(&place.data()).await.rest.get("/api/v1/stock/ACME-1/movements").await.ok();
    assert_eq!(movements["movements"].as_array().map(Vec::len), Some(1), "{movements}");
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on_where_it_was() {
    let place = Place::new();
    let shop = place.up().open().await;
    let file = place.write("lamps.ndjson", lines(PRODUCTS));
    let mut importer = import(&place, &shop, &file).with(["--stock", "5"]).start();
    let reached = under_way(&place, &mut importer).await;
    assert_eq!(importer.kill().code, None);

    let ended = import(&place, &shop, &file).with(["--stock", "5"]).run().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let line = ended.err.strip_prefix("going on after line ").and_then(|rest| rest.split(',').next());
    let line: u64 = line.and_then(|line| line.parse().ok()).unwrap_or_else(|| panic!("{}", ended.err));
    assert!(line >= reached, "{line}");
    let now = format!("imported {} products in ", thousands(PRODUCTS as u64 - line));
    assert!(ended.out.starts_with(&now), "{}", ended.out);
    let [created, updated, unchanged, failed, _] = counted(&ended);
    // The batches that were under way may have been stored without anybody knowing.
    assert_eq!((created + unchanged, updated, failed), (PRODUCTS as u64, 0, 0), "{}", ended.out);
    assert_whole(&place, &shop).await;

    let again = import(&place, &shop, &file).with(["--stock", "5"]).run().await;
    again.ok();
    assert_eq!(counted(&again)[..4], [0, 0, PRODUCTS as u64, 0]);
    shop.stop().await;
}

fn thousands(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

#[tokio::test]
async fn an_import_outlives_a_server_that_is_killed_under_it() {
    let place = Place::new();
    let (http, admin) = (free_port(), free_port());
    let mut shop = place.up_on(http, admin).open().await;
    let file = place.write("lamps.ndjson", lines(PRODUCTS));
    let mut importer = import(&place, &shop, &file).with(["--stock", "5"]).start();
    let mut reached = 0;
    for _ in 0..2 {
        testkit::eventually_within(Duration::from_secs(60), "another batch", || {
            assert!(importer.status().is_none(), "ended too early: {}", importer.err());
            std::future::ready((line_reached(&place) > reached).then_some(()))
        })
        .await;
        reached = line_reached(&place);
        assert_no_errors(&shop.kill());
        shop = place.up_on(http, admin).open().await;
    }
    let ended = importer.ended().await;
    ended.ok();
    let [created, updated, unchanged, failed, _] = counted(&ended);
    assert_eq!((created + unchanged, updated, failed), (PRODUCTS as u64, 0, 0), "{}", ended.out);
    assert_whole(&place, &shop).await;
    shop.stop().await;
}
