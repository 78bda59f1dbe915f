//! Carts that are not ordered, each with its reason and the facts to act on.

use kernel::Kind;
use testkit::{facts, reason};
use tonic::{Code, Status};
use ultramarket_api::{
    cart::v1::{CartItem, cart_item::Problem},
    order::v1::{self as pb, order::Lifecycle},
    r#type::v1::Money,
};

use crate::{
    shop::{GOOD_CARD, Shop, new_key, purchase},
    world::{cart_of, line, usd},
};

async fn refused(shop: &Shop) -> Status {
    let request = shop.ann().keyed(&new_key(), purchase(GOOD_CARD));
    let status = shop.client.clone().place_order(request).await.expect_err("is refused");
    assert!(shop.column("SELECT id FROM orders").await.is_empty(), "nothing is left behind");
    status
}

#[tokio::test]
async fn an_empty_cart() {
    let shop = Shop::open().await;
    shop.world.cart(cart_of(vec![]));
    let status = refused(&shop).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "CART_EMPTY"));
}

#[tokio::test]
async fn a_token_that_leads_to_no_cart() {
    let shop = Shop::open().await;
    shop.world.cart_fails(Kind::NotFound, "CART_NOT_FOUND");
    let status = refused(&shop).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "CART_NOT_FOUND"));
}

#[tokio::test]
async fn lines_with_problems_are_named() {
    let shop = Shop::open().await;
    let short =
        CartItem { problem: Problem::InsufficientStock.into(), available: Some(2), ..line("RARE", 5, usd(100)) };
    let gone = CartItem { problem: Problem::ProductUnavailable.into(), ..line("GONE", 1, None) };
    shop.world.cart(cart_of(vec![line("LAMP", 1, usd(199)), short, gone]));
    let status = refused(&shop).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "CART_HAS_PROBLEMS"));
    let lines: serde_json::Value = serde_json::from_str(&facts(&status)["lines"]).expect("is JSON");
    assert_eq!(
        lines,
        serde_json::json!([
            { "sku": "RARE", "problem": "INSUFFICIENT_STOCK", "requested": 5, "available": 2 },
            { "sku": "GONE", "problem": "PRODUCT_UNAVAILABLE" },
        ])
    );
    assert_eq!(facts(&status)["lineCount"], "2");
}

#[tokio::test]
async fn many_lines_with_problems_fit_into_the_headers() {
    let shop = Shop::open().await;
    let gone = |number: usize| CartItem {
        problem: Problem::ProductUnavailable.into(),
        ..line(&format!("{number:0>100}"), 1, None)
    };
    shop.world.cart(cart_of((0..200).map(gone).collect()));
    let status = refused(&shop).await;
    assert_eq!(facts(&status)["lineCount"], "200");
    assert!(status.details().len() < 8 * 1024, "{} bytes", status.details().len());
}

#[tokio::test]
async fn prices_in_two_currencies() {
    let shop = Shop::open().await;
    let euro = Some(Money { currency_code: "EUR".into(), amount_minor: 5 });
    shop.world.cart(cart_of(vec![line("LAMP", 1, usd(199)), line("LAMPE", 1, euro)]));
    let status = refused(&shop).await;
    assert_eq!(reason(&status), "CURRENCY_MISMATCH");
    assert_eq!(facts(&status)["currencies"], "USD,EUR");
}

#[tokio::test]
async fn more_than_one_order_can_have() {
    let shop = Shop::open().await;
    shop.world.cart(cart_of(vec![line("MOON", 2, usd(i64::MAX))]));
    assert_eq!(reason(&refused(&shop).await), "ORDER_TOO_LARGE");
    shop.world.cart(cart_of((0..201).map(|number| line(&number.to_string(), 1, usd(1))).collect()));
    let status = refused(&shop).await;
    assert_eq!((reason(&status).as_str(), facts(&status)["maxLines"].as_str()), ("ORDER_TOO_LARGE", "200"));
}

#[tokio::test]
async fn another_total_than_was_shown() {
    let shop = Shop::open().await;
    let mut client = shop.client.clone();
    let shown = |total| pb::PlaceOrderRequest { expected_total: total, ..purchase(GOOD_CARD) };
    let status = client.place_order(shop.ann().keyed(&new_key(), shown(usd(601)))).await.expect_err("is refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "TOTAL_CHANGED"));
    let facts = facts(&status);
    assert_eq!((facts["currencyCode"].as_str(), facts["amountMinor"].as_str()), ("USD", "602"));
    client.place_order(shop.ann().keyed(&new_key(), shown(usd(602)))).await.expect("the shown total is right");
}

#[tokio::test]
async fn a_cart_that_is_ordered_already_until_that_order_is_cancelled() {
    let shop = Shop::open().await;
    shop.world.cart(cart_of(vec![line("LAMP", 1, usd(199))]));
    shop.world.mute(&["AuthorizePayment"]);
    let order = shop.place(GOOD_CARD).await;
    let again = || shop.ann().keyed(&new_key(), purchase(GOOD_CARD));
    let status = shop.client.clone().place_order(again()).await.expect_err("is ordered");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "CART_ALREADY_ORDERED"));
    assert_eq!(facts(&status)["orderId"], order.order_id);

    shop.cancel(&order.order_id).await.expect("can be cancelled");
    shop.until_it_is(Lifecycle::Cancelled, &order.order_id).await;
    shop.client.clone().place_order(again()).await.expect("the cart may be tried again");
}

#[tokio::test]
async fn a_price_that_the_cart_does_not_know_yet() {
    let shop = Shop::open().await;
    shop.world.price("LAMP", usd(299));
    let request = pb::PlaceOrderRequest { expected_total: usd(602), ..purchase(GOOD_CARD) };
    let status = shop.client.clone().place_order(shop.ann().keyed(&new_key(), request)).await.expect_err("is refused");
    assert_eq!((reason(&status).as_str(), facts(&status)["amountMinor"].as_str()), ("TOTAL_CHANGED", "902"));
    let order = shop.place(GOOD_CARD).await;
    assert_eq!((order.total, order.items[0].unit_price.clone()), (usd(902), usd(299)));
}

#[tokio::test]
async fn a_product_that_the_cart_does_not_know_to_be_gone() {
    let shop = Shop::open().await;
    shop.world.price("LAMP", None);
    let status = refused(&shop).await;
    assert_eq!(reason(&status), "CART_HAS_PROBLEMS");
    assert_eq!(facts(&status)["lines"], r#"[{"problem":"PRODUCT_UNAVAILABLE","sku":"LAMP"}]"#);
}

#[tokio::test]
async fn a_catalog_that_is_away() {
    let shop = Shop::open().await;
    shop.world.catalog_fails(Some((Kind::Unavailable, "UNAVAILABLE")));
    let request = || shop.ann().keyed("one-intent", purchase(GOOD_CARD));
    let status = shop.client.clone().place_order(request()).await.expect_err("the catalog is away");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "UNAVAILABLE"));
    shop.world.catalog_fails(None);
    shop.client.clone().place_order(request()).await.expect("a failed try does not spoil the key");
}

#[tokio::test]
async fn a_cart_service_that_is_away_or_talks_nonsense() {
    let shop = Shop::open().await;
    shop.world.cart_fails(Kind::Unavailable, "UNAVAILABLE");
    let request = || shop.ann().keyed("one-intent", purchase(GOOD_CARD));
    let status = shop.client.clone().place_order(request()).await.expect_err("cart is away");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "UNAVAILABLE"));
    shop.world.cart_fails(Kind::DeadlineExceeded, "DEADLINE_EXCEEDED");
    let status = shop.client.clone().place_order(request()).await.expect_err("cart is slow");
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    shop.world.cart_fails(Kind::PermissionDenied, "MISSING_ROLE");
    assert_eq!(reason(&refused(&shop).await), "INTERNAL");
    shop.world.cart(cart_of(vec![line("LAMP", 1, None)]));
    assert_eq!(reason(&refused(&shop).await), "INTERNAL");
    shop.world.cart(cart_of(vec![line("LAMP", 1, usd(199))]));
    shop.client.clone().place_order(request()).await.expect("a failed try does not spoil the key");
}
