//! Declined cards, 3-D Secure, cancelling, empty shelves, repeated presses of the button.

use futures::future::join_all;
use serde_json::{Value, json};
use system_tests::{Market, Shopper};

async fn stocked(market: &Market, title: &str, on_hand: i64) -> String {
    let admin = market.administrator().await;
    let product = json!({"title": title, "price": {"currencyCode": "USD", "amountMinor": "1000"}});
    let product = admin.rest.post("/api/v1/products", product).await.ok();
    let sku = product["variants"][0]["sku"].as_str().expect("one is made").to_owned();
    let adjust = json!({"onHand": on_hand.to_string()});
    let keyed = admin.rest.with("idempotency-key", &format!("stock-{sku}"));
    keyed.post(&format!("/api/v1/stock/{sku}:adjust"), adjust).await.ok();
    sku
}

async fn available(shopper: &Shopper, sku: &str) -> i64 {
    let stock = shopper.rest.get(&format!("/api/v1/stock/{sku}")).await.ok();
    stock["available"].as_str().map_or(0, |text| text.parse().expect("is a number"))
}

async fn ordered(shopper: &mut Shopper, sku: &str, token: &str) -> String {
    shopper.add(sku, 1).await;
    let order = shopper.place(token).await;
    order["orderId"].as_str().expect("has an id").to_owned()
}

fn id(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} is text")).to_owned()
}

#[tokio::test]
async fn a_declined_card_cancels_the_order_gives_the_stock_back_and_the_cart_can_be_tried_again() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 5).await;
    let mut ann = market.customer("ann").await;
    for (token, why) in [
        ("tok_declined", "CARD_DECLINED"),
        ("tok_insufficient_funds", "INSUFFICIENT_FUNDS"),
        ("tok_expired_card", "EXPIRED_CARD"),
    ] {
        if ann.rest.get("/api/v1/cart").await.ok()["items"] == json!([]) {
            ann.add(&sku, 1).await;
        }
        let order = ann.place(token).await;
        let order = ann.order_in(&id(&order, "orderId"), "CANCELLED").await;
        assert_eq!(order["cancellation"]["reason"], "PAYMENT_DECLINED", "{order}");
        assert_eq!(order["cancellation"]["detail"], why, "{order}");
        assert_eq!(order["paymentStatus"], "FAILED");
        assert_eq!(available(&ann, &sku).await, 5);
    }
    let order = ann.place("tok_visa").await;
    ann.order_in(&id(&order, "orderId"), "CONFIRMED").await;
    assert_eq!(available(&ann, &sku).await, 4);
}

#[tokio::test]
async fn a_payment_that_needs_3d_secure_waits_for_its_shopper() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 5).await;
    let mut ann = market.customer("ann").await;
    let order_id = ordered(&mut ann, &sku, "tok_3ds").await;
    let order = ann.order_when(&order_id, "an action", |order| order["nextAction"]["kind"] == "CONFIRM_PAYMENT").await;
    assert_eq!(order["lifecycle"], "PENDING");
    let payment = format!("/api/v1/payments/{}", id(&order, "paymentId"));
    assert_eq!(ann.rest.get(&payment).await.ok()["status"], "REQUIRES_ACTION");
    let bob = market.customer("bob").await;
    let confirm = format!("{payment}:confirm");
    assert_eq!(bob.rest.with("idempotency-key", "b").post(&confirm, json!({})).await.reason(), "PAYMENT_NOT_FOUND");
    assert_eq!(ann.rest.post(&confirm, json!({})).await.reason(), "IDEMPOTENCY_KEY_MISSING");
    ann.rest.with("idempotency-key", "a").post(&confirm, json!({})).await.ok();
    ann.order_in(&order_id, "CONFIRMED").await;
}

#[tokio::test]
async fn lost_replies_of_the_provider_neither_lose_nor_double_a_payment() {
    let market = Market::with(&[
        ("sample", "false"),
        ("payment.sandbox.lost_answer_ms", "200"),
        ("payment.retry_base_ms", "100"),
    ])
    .await;
    let sku = stocked(&market, "Lamp", 9).await;
    for token in ["tok_timeout_before", "tok_timeout_after", "tok_flaky"] {
        let mut shopper = market.customer(&token.replace('_', "")).await;
        let order_id = ordered(&mut shopper, &sku, token).await;
        let order = shopper
            .order_when(&order_id, "an end", |order| {
                order["lifecycle"] == "CONFIRMED" || order["lifecycle"] == "CANCELLED"
            })
            .await;
        let payment = shopper.rest.get(&format!("/api/v1/payments/{}", id(&order, "paymentId"))).await.ok();
        let kept = match order["lifecycle"].as_str() {
            Some("CONFIRMED") => "1000",
            _ => "0",
        };
        assert_eq!(payment["capturedAmount"]["amountMinor"].as_str().unwrap_or("0"), kept, "{token}: {payment}");
    }
}

#[tokio::test]
async fn an_order_is_cancelled_before_and_after_it_is_confirmed_and_nobody_keeps_the_money() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 5).await;
    let mut ann = market.customer("ann").await;

    let waiting = ordered(&mut ann, &sku, "tok_3ds").await;
    ann.order_when(&waiting, "an action", |order| order["nextAction"]["kind"] == "CONFIRM_PAYMENT").await;
    let bob = market.customer("bob").await;
    let cancel = format!("/api/v1/orders/{waiting}:cancel");
    assert_eq!(bob.rest.with("idempotency-key", "1").post(&cancel, json!({})).await.reason(), "ORDER_NOT_FOUND");
    ann.rest.with("idempotency-key", "1").post(&cancel, json!({"reason": "changed my mind"})).await.ok();
    let order = ann.order_in(&waiting, "CANCELLED").await;
    assert_eq!(order["cancellation"]["reason"], "CANCELLED_BY_CUSTOMER");

    ann.rest.delete("/api/v1/cart").await.ok();
    let paid = ordered(&mut ann, &sku, "tok_visa").await;
    ann.order_in(&paid, "CONFIRMED").await;
    for key in ["2", "2", "3"] {
        ann.rest.with("idempotency-key", key).post(&format!("/api/v1/orders/{paid}:cancel"), json!({})).await.ok();
    }
    let order = ann.order_in(&paid, "CANCELLED").await;
    assert_eq!(order["paymentStatus"], "REFUNDED");
    let payment = ann.rest.get(&format!("/api/v1/payments/{}", id(&order, "paymentId"))).await.ok();
    assert_eq!(
        (&payment["capturedAmount"], payment["status"].as_str()),
        (&payment["refundedAmount"], Some("REFUNDED"))
    );
    assert_eq!(available(&ann, &sku).await, 5);
}

#[tokio::test]
async fn twenty_presses_of_the_button_make_one_order() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 50).await;
    let mut ann = market.customer("ann").await;
    ann.add(&sku, 1).await;
    let replies = join_all((0..20).map(|_| ann.place_keyed("one-press", "tok_visa"))).await;
    let mut orders: Vec<String> = Vec::new();
    for reply in &replies {
        if reply.status.is_success() {
            orders.push(id(&reply.json(), "orderId"));
        } else {
            assert_eq!(reply.reason(), "IDEMPOTENCY_KEY_IN_FLIGHT");
        }
    }
    orders.dedup();
    assert_eq!(orders.len(), 1, "{orders:?}");
    let first = ann.place_keyed("one-press", "tok_visa").await;
    let again = ann.place_keyed("one-press", "tok_visa").await;
    assert_eq!((&first.body, again.header("idempotent-replayed")), (&again.body, Some("true")));
    let other = ann.place_keyed("one-press", "tok_declined").await;
    assert_eq!((other.status.as_u16(), other.reason().as_str()), (422, "IDEMPOTENCY_KEY_REUSED"));
}

#[tokio::test]
async fn what_is_not_there_is_told_truthfully_and_the_price_is_never_the_clients() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 2).await;
    let mut ann = market.customer("ann").await;
    assert_eq!(ann.place_keyed("1", "tok_visa").await.reason(), "CART_EMPTY");
    ann.add(&sku, 3).await;
    let cart = ann.rest.get("/api/v1/cart").await.ok();
    assert_eq!(
        (&cart["items"][0]["problem"], &cart["items"][0]["available"]),
        (&json!("INSUFFICIENT_STOCK"), &json!("2"))
    );
    assert_eq!(ann.place_keyed("2", "tok_visa").await.reason(), "CART_HAS_PROBLEMS");

    ann.rest.patch(&format!("/api/v1/cart/items/{sku}"), json!({"quantity": 2})).await.ok();
    let cheap = json!({
        "shippingAddress": system_tests::address(), "paymentToken": "tok_visa",
        "expectedTotal": {"currencyCode": "USD", "amountMinor": "1"}
    });
    let reply = ann.rest.with("idempotency-key", "3").post("/api/v1/orders", cheap.clone()).await;
    assert_eq!((reply.status.as_u16(), reply.reason().as_str()), (409, "TOTAL_CHANGED"));
    assert_eq!(reply.error_info()["metadata"]["amountMinor"], "2000");
    let mut priced = cheap;
    priced["total"] = json!({"currencyCode": "USD", "amountMinor": "1"});
    let reply = ann.rest.with("idempotency-key", "4").post("/api/v1/orders", priced).await;
    assert_eq!((reply.status.as_u16(), reply.reason().as_str()), (400, "UNKNOWN_FIELD"));
}

#[tokio::test]
async fn a_hundred_buyers_of_ten_lamps_get_exactly_ten() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 10).await;
    let buyers = (0..100).map(|_| async {
        let mut guest = market.guest();
        guest.add(&sku, 1).await;
        let reply = guest.place_keyed("k", "tok_visa").await;
        if !reply.status.is_success() {
            assert_eq!(reply.reason(), "CART_HAS_PROBLEMS");
            return false;
        }
        let token = reply.header("x-order-token").expect("a guest gets a token").to_owned();
        guest.rest = guest.rest.with("x-order-token", &token);
        let order =
            guest.order_when(&id(&reply.json(), "orderId"), "an end", |order| order["lifecycle"] != "PENDING").await;
        match order["lifecycle"].as_str() {
            Some("CONFIRMED") => true,
            _ => {
                assert_eq!(order["cancellation"]["reason"], "OUT_OF_STOCK", "{order}");
                assert_eq!(order["cancellation"]["shortages"][0]["requested"], "1", "{order}");
                false
            }
        }
    });
    let won = join_all(buyers).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 10);
    assert_eq!(available(&market.guest(), &sku).await, 0);
}

#[tokio::test]
async fn nothing_is_said_by_name_and_a_failed_try_leaves_its_key_free() {
    let market = Market::with(&[("sample", "false")]).await;
    let sku = stocked(&market, "Lamp", 0).await;
    let mut ann = market.customer("ann").await;
    let stock = ann.rest.get(&format!("/api/v1/stock/{sku}")).await.ok();
    assert_eq!(stock["available"], "0", "{stock}");
    let found = ann.rest.get("/api/v1/search?query=nothing+like+it+qqq").await.ok();
    assert_eq!((&found["results"], &found["totalSize"], found["facets"].is_array()), (&json!([]), &json!(0), true));
    assert_eq!(ann.rest.get("/api/v1/orders").await.ok(), json!({"orders": []}));
    assert_eq!(ann.rest.patch(&format!("/api/v1/cart/items/{sku}"), json!({})).await.reason(), "INVALID_REQUEST");

    let lamp = stocked(&market, "Other lamp", 5).await;
    assert_eq!(ann.place_keyed("same", "tok_visa").await.reason(), "CART_EMPTY");
    ann.add(&lamp, 1).await;
    ann.place_keyed("same", "tok_visa").await.ok();
}
