//! ReserveStock, CommitStock and ReleaseStock over the bus.

use std::time::Duration;

use futures::future::join_all;
use service_kit::wire::timestamp;
use testkit::eventually;
use ultramarket_api::{
    catalog::{self, events::v1::ProductChanged},
    inventory::{
        events::v1::{
            CommitStock, Line, ReleaseStock, ReserveStock, Shortage, StockCommitFailed, StockCommitted, StockRejected,
            StockReleased, StockReserved,
        },
        v1::movement::Kind,
    },
};

use crate::harness::Shop;

const TTL: Duration = Duration::from_secs(35 * 60);

fn reserve(shop: &Shop, order: &str, lines: &[(&str, i32)]) -> ReserveStock {
    ReserveStock {
        order_id: order.into(),
        lines: lines.iter().map(|(sku, quantity)| Line { sku: (*sku).into(), quantity: *quantity }).collect(),
        expire_time: Some(timestamp(shop.kit.now() + TTL)),
    }
}

#[tokio::test]
async fn a_reservation_is_sold_and_the_ledger_agrees_at_each_step() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 10).await;
    let mut reserved = shop.kit.listen::<StockReserved>().await;
    let mut committed = shop.kit.listen::<StockCommitted>().await;

    shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 2), ("BOB-1", 1)])).await;
    assert_eq!(reserved.next().await.order_id, "o1");
    assert_eq!(shop.level("BOB-1").await, (10, 3));
    assert_eq!(shop.ledger("BOB-1").await, (10, 3));

    shop.kit.publish("o1", &CommitStock { order_id: "o1".into() }).await;
    assert_eq!(committed.next().await.order_id, "o1");
    assert_eq!(shop.level("BOB-1").await, (7, 0));
    assert_eq!(shop.ledger("BOB-1").await, (7, 0));
}

#[tokio::test]
async fn all_lines_or_none_and_the_shortage_is_the_truth() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 10).await;
    shop.stock("BOB-2", 1).await;
    let mut rejected = shop.kit.listen::<StockRejected>().await;
    shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 2), ("BOB-2", 3), ("NOPE", 1)])).await;
    let shortages = rejected.next().await.shortages;
    let short = |sku: &str, requested, available| Shortage { sku: sku.into(), requested, available };
    assert_eq!(shortages, [short("BOB-2", 3, 1), short("NOPE", 1, 0)]);
    assert_eq!((shop.level("BOB-1").await, shop.level("BOB-2").await), ((10, 0), (1, 0)));
}

#[tokio::test]
async fn a_thousand_buyers_of_a_hundred_units_get_exactly_a_hundred() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 100).await;
    let mut reserved = shop.kit.listen::<StockReserved>().await;
    let mut rejected = shop.kit.listen::<StockRejected>().await;
    let buyers = (0..1000).map(|number| {
        let (shop, order) = (&shop, format!("order {number}"));
        async move { shop.kit.publish(&order, &reserve(shop, &order, &[("BOB-1", 1)])).await }
    });
    join_all(buyers).await;
    let (mut won, mut lost) = (0, 0);
    eventually("an answer for each buyer", || {
        won += reserved.heard().len();
        lost += rejected.heard().len();
        std::future::ready((won + lost == 1000).then_some(()))
    })
    .await;
    assert_eq!((won, lost), (100, 900));
    assert_eq!(shop.level("BOB-1").await, (100, 100));
    assert_eq!(shop.ledger("BOB-1").await, (100, 100));
}

#[tokio::test]
async fn every_command_may_come_again() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 10).await;
    let mut reserved = shop.kit.listen::<StockReserved>().await;
    let mut released = shop.kit.listen::<StockReleased>().await;

    // The same message takes effect once, a new message with the same command answers again.
    let message = shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 3)])).await;
    shop.kit.publish_message(&message).await;
    shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 3)])).await;
    reserved.next().await;
    reserved.next().await;
    assert_eq!(shop.level("BOB-1").await, (10, 3));

    for _ in 0..2 {
        shop.kit.publish("o1", &ReleaseStock { order_id: "o1".into() }).await;
        released.next().await;
        assert_eq!(shop.level("BOB-1").await, (10, 0));
    }
    let mut rejected = shop.kit.listen::<StockRejected>().await;
    shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 3)])).await;
    assert!(rejected.next().await.shortages.is_empty(), "what was given back is not taken again");
    assert!(reserved.heard().is_empty());
}

#[tokio::test]
async fn what_was_sold_comes_back_when_its_order_is_cancelled() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 10).await;
    let mut released = shop.kit.listen::<StockReleased>().await;
    shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 3)])).await;
    for _ in 0..2 {
        shop.kit.publish("o1", &CommitStock { order_id: "o1".into() }).await;
    }
    assert_eq!(shop.level("BOB-1").await, (7, 0));
    shop.kit.publish("o1", &ReleaseStock { order_id: "o1".into() }).await;
    released.next().await;
    assert_eq!(shop.level("BOB-1").await, (10, 0));
    let kinds: Vec<Kind> = shop.movements("BOB-1").await.iter().map(|movement| movement.kind()).collect();
    assert_eq!(kinds, [Kind::Restocked, Kind::Committed, Kind::Reserved, Kind::Adjusted]);
}

#[tokio::test]
async fn a_hold_runs_out_and_can_no_longer_be_sold_even_after_a_restart() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 10).await;
    shop.kit.publish("o1", &reserve(&shop, "o1", &[("BOB-1", 3)])).await;
    shop.kit.advance(TTL + Duration::from_secs(1));
    let shop = shop.reopened().await;
    eventually("the hold runs out", async || (shop.level("BOB-1").await == (10, 0)).then_some(())).await;
    let mut failed = shop.kit.listen::<StockCommitFailed>().await;
    shop.kit.publish("o1", &CommitStock { order_id: "o1".into() }).await;
    assert_eq!(failed.next().await.order_id, "o1");
    shop.kit.publish("o2", &CommitStock { order_id: "never reserved".into() }).await;
    assert_eq!(failed.next().await.order_id, "never reserved");
    assert_eq!(shop.ledger("BOB-1").await, (10, 0));
}

#[tokio::test]
async fn a_new_product_can_be_stocked_by_its_seller_without_asking_the_catalog() {
    let shop = Shop::open().await;
    let eve = shop.kit.seller("eve");
    let variant = catalog::v1::Variant { sku: "EVE-1".into(), ..Default::default() };
    let product = catalog::v1::Product { seller_id: eve.id.clone(), variants: vec![variant], ..Default::default() };
    shop.kit.publish("p1", &ProductChanged { product: Some(product), version: 1 }).await;
    let request = eve.keyed("1", crate::harness::set("EVE-1", 2));
    assert_eq!(shop.client.clone().adjust_stock(request).await.expect("is hers").into_inner().available, 2);
}
