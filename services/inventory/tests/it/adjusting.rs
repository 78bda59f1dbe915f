//! AdjustStock and BatchAdjustStock.

use futures::future::join_all;
use service_kit::metadata;
use testkit::{facts, reason, violations};
use tonic::Code;
use ultramarket_api::inventory::v1::{self as pb, adjust_stock_request::Change};

use crate::harness::{Shop, change, set};

#[tokio::test]
async fn a_seller_adjusts_own_stock_and_the_ledger_agrees() {
    let shop = Shop::open().await;
    let mut client = shop.client.clone();
    client.adjust_stock(shop.bob().keyed("1", set("BOB-1", 10))).await.expect("is his");
    let stock = client.adjust_stock(shop.bob().keyed("2", change("BOB-1", Change::Delta(-3)))).await.expect("is his");
    assert_eq!(stock.into_inner().on_hand, Some(7));
    assert_eq!(shop.ledger("BOB-1").await, shop.level("BOB-1").await);
}

#[tokio::test]
async fn initial_stock_is_set_once() {
    let shop = Shop::open().await;
    for (key, expected) in [("1", 25), ("2", 25)] {
        let request = shop.kit.admin().keyed(key, change("BOB-1", Change::Initial(25)));
        let stock = shop.client.clone().adjust_stock(request).await.expect("may").into_inner();
        assert_eq!(stock.on_hand, Some(expected));
    }
    shop.stock("BOB-1", 3).await;
    let request = shop.kit.admin().keyed("3", change("BOB-1", Change::Initial(25)));
    assert_eq!(shop.client.clone().adjust_stock(request).await.expect("may").into_inner().on_hand, Some(3));
    assert_eq!(shop.movements("BOB-1").await.len(), 2);
}

#[tokio::test]
async fn stock_of_others_and_unknown_skus_are_not_found() {
    let shop = Shop::open().await;
    for (person, sku) in
        [(shop.kit.seller("eve"), "BOB-1"), (shop.bob(), "MARKET-1"), (shop.bob(), "NOPE"), (shop.kit.admin(), "NOPE")]
    {
        let error = shop.client.clone().adjust_stock(person.keyed(sku, set(sku, 1))).await.expect_err("is not theirs");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::NotFound, "SKU_NOT_FOUND"));
        assert_eq!(facts(&error)["sku"], sku);
    }
}

#[tokio::test]
async fn what_stock_cannot_be_is_refused_with_the_facts() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 5).await;
    let adjust = async |key: &str, wish: Option<Change>| {
        let message = pb::AdjustStockRequest { sku: "BOB-1".into(), change: wish, reason: String::new() };
        shop.client.clone().adjust_stock(shop.bob().keyed(key, message)).await.expect_err("is refused")
    };
    let error = adjust("1", Some(Change::Delta(-6))).await;
    assert_eq!((error.code(), reason(&error).as_str()), (Code::FailedPrecondition, "STOCK_WOULD_BE_NEGATIVE"));
    assert_eq!((facts(&error)["onHand"].as_str(), facts(&error)["reserved"].as_str()), ("5", "0"));
    let error = adjust("2", Some(Change::Delta(1_000_000_000))).await;
    assert_eq!(reason(&error), "STOCK_LIMIT_EXCEEDED");
    let error = adjust("3", Some(Change::OnHand(-1))).await;
    assert_eq!(violations(&error), ["onHand"]);
    let error = adjust("4", None).await;
    assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert_eq!(violations(&error), ["change"]);
    assert_eq!(shop.level("BOB-1").await, (5, 0));
}

#[tokio::test]
async fn a_repeated_key_takes_effect_once_and_answers_the_same() {
    let shop = Shop::open().await;
    let request = || shop.bob().keyed("once", change("BOB-1", Change::Delta(4)));
    let first = shop.client.clone().adjust_stock(request()).await.expect("is his");
    assert!(first.metadata().get(metadata::IDEMPOTENT_REPLAYED).is_none());
    let again = shop.client.clone().adjust_stock(request()).await.expect("is replayed");
    assert_eq!(again.metadata().get(metadata::IDEMPOTENT_REPLAYED).expect("says so"), "true");
    assert_eq!(first.into_inner(), again.into_inner());

    let other = shop.client.clone().adjust_stock(shop.bob().keyed("once", set("BOB-1", 9))).await;
    assert_eq!(reason(&other.expect_err("is another request")), "IDEMPOTENCY_KEY_REUSED");
    let hers = shop.client.clone().adjust_stock(shop.kit.admin().keyed("once", set("BOB-1", 9))).await;
    assert_eq!(hers.expect("keys belong to their caller").into_inner().on_hand, Some(9));
}

#[tokio::test]
async fn twenty_parallel_calls_with_one_key_adjust_once() {
    let shop = Shop::open().await;
    let calls = (0..20).map(|_| {
        let (mut client, request) = (shop.client.clone(), shop.bob().keyed("once", change("BOB-1", Change::Delta(4))));
        async move { client.adjust_stock(request).await }
    });
    for result in join_all(calls).await {
        match result {
            Ok(reply) => assert_eq!(reply.into_inner().on_hand, Some(4)),
            Err(error) => assert_eq!(reason(&error), "IDEMPOTENCY_KEY_IN_FLIGHT"),
        }
    }
    assert_eq!(shop.level("BOB-1").await, (4, 0));
}

#[tokio::test]
async fn a_call_without_a_usable_key_is_refused() {
    let shop = Shop::open().await;
    let error = shop.client.clone().adjust_stock(shop.bob().request(set("BOB-1", 1))).await.expect_err("has no key");
    assert_eq!(reason(&error), "IDEMPOTENCY_KEY_MISSING");
    for key in ["", "with space", &"x".repeat(256)] {
        let error =
            shop.client.clone().adjust_stock(shop.bob().keyed(key, set("BOB-1", 1))).await.expect_err("malformed");
        assert_eq!(reason(&error), "IDEMPOTENCY_KEY_MALFORMED", "{key:?}");
    }
}

#[tokio::test]
async fn parallel_adjustments_sum_up() {
    let shop = Shop::open().await;
    let calls = (0..50).map(|number| {
        let request = shop.bob().keyed(&number.to_string(), change("BOB-1", Change::Delta(2)));
        let mut client = shop.client.clone();
        async move { client.adjust_stock(request).await.expect("is his") }
    });
    join_all(calls).await;
    assert_eq!(shop.level("BOB-1").await, (100, 0));
    assert_eq!(shop.ledger("BOB-1").await, (100, 0));
}

#[tokio::test]
async fn a_batch_is_taken_whole_or_not_at_all() {
    let shop = Shop::open().await;
    let batch =
        |skus: &[&str]| pb::BatchAdjustStockRequest { adjustments: skus.iter().map(|sku| set(sku, 3)).collect() };
    let mut client = shop.client.clone();

    let skus: Vec<String> = (0..450).map(|number| format!("BOB-{number}")).collect();
    let many = batch(&skus.iter().map(String::as_str).collect::<Vec<_>>());
    let reply = client.batch_adjust_stock(shop.bob().keyed("1", many)).await.expect("are his").into_inner();
    assert_eq!(reply.stock.iter().map(|stock| &stock.sku).collect::<Vec<_>>(), skus.iter().collect::<Vec<_>>());

    let error = client
        .batch_adjust_stock(shop.bob().keyed("2", batch(&["BOB-900", "NOPE"])))
        .await
        .expect_err("one is unknown");
    assert_eq!((reason(&error).as_str(), facts(&error)["sku"].as_str()), ("SKU_NOT_FOUND", "NOPE"));
    assert_eq!(shop.level("BOB-900").await, (0, 0));
    let error = client
        .batch_adjust_stock(shop.bob().keyed("3", batch(&["BOB-1", "BOB-1"])))
        .await
        .expect_err("one comes twice");
    assert_eq!(reason(&error), "INVALID_REQUEST");
    assert_eq!(violations(&error), ["adjustments[1].sku"]);
    let error = client.batch_adjust_stock(shop.bob().keyed("4", batch(&[]))).await.expect_err("is empty");
    assert_eq!(violations(&error), ["adjustments"]);
}

#[tokio::test]
async fn a_workload_that_the_policy_does_not_name_is_refused() {
    let shop = Shop::open().await;
    let rpc = shop.kit.rpc_as("cart", inventory::NAME);
    let mut client = pb::inventory_service_client::InventoryServiceClient::new(rpc);
    let error = client.adjust_stock(shop.bob().keyed("1", set("BOB-1", 1))).await.expect_err("is not for carts");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::PermissionDenied, "WORKLOAD_NOT_ALLOWED"));
    let read = client.batch_get_stock(pb::BatchGetStockRequest { skus: vec!["BOB-1".into()] }).await;
    assert!(read.is_ok(), "the policy names cart");
}
