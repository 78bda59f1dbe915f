//! Stopping and starting with work under way: every accepted order reaches its end.

use serde_json::Value;
use system_tests::Market;

fn id(order: &Value) -> String {
    order["orderId"].as_str().expect("has an id").to_owned()
}

#[tokio::test]
async fn orders_that_were_under_way_go_on_after_a_restart() {
    let mut market = Market::open().await;
    let mut waiting = Vec::new();
    for (number, token) in
        ["tok_visa", "tok_3ds", "tok_declined", "tok_slow", "tok_timeout_after"].into_iter().enumerate()
    {
        let mut shopper = market.customer(&format!("shopper{number}")).await;
        let list = shopper.rest.get("/api/v1/products?pageSize=1").await.ok();
        let sku = list["products"][0]["variants"][0]["sku"].as_str().expect("has a SKU").to_owned();
        shopper.add(&sku, 1).await;
        // At once, in the middle of whatever it is doing.
        let order = shopper.place(token).await;
        waiting.push((token, shopper.email, id(&order)));
    }
    market.reopen().await;
    for (token, email, order_id) in waiting {
        let shopper = system_tests::Shopper::sign_in(market.rest(), &email, "correct horse battery staple").await;
        if token == "tok_3ds" {
            let order = shopper
                .order_when(&order_id, "an action", |order| order["nextAction"]["kind"] == "CONFIRM_PAYMENT")
                .await;
            let confirm = format!("/api/v1/payments/{}:confirm", order["paymentId"].as_str().expect("has one"));
            shopper.rest.with("idempotency-key", "c").post(&confirm, serde_json::json!({})).await.ok();
        }
        let expected = if token == "tok_declined" { "CANCELLED" } else { "CONFIRMED" };
        shopper.order_in(&order_id, expected).await;
    }
}

#[tokio::test]
async fn a_restart_keeps_accounts_carts_products_and_makes_no_second_administrator() {
    let mut market = Market::open().await;
    let mut ann = market.customer("ann").await;
    let list = ann.rest.get("/api/v1/products?pageSize=100").await.ok();
    let sku = list["products"][0]["variants"][0]["sku"].as_str().expect("has a SKU").to_owned();
    let cart = ann.add(&sku, 3).await;
    market.reopen().await;
    let ann = system_tests::Shopper::sign_in(market.rest(), &ann.email, "correct horse battery staple").await;
    assert_eq!(ann.rest.get("/api/v1/cart").await.ok()["items"], cart["items"]);
    assert_eq!(ann.rest.get("/api/v1/products?pageSize=100").await.ok()["products"], list["products"]);
    let admin = market.administrator().await;
    let admins = admin.rest.get("/api/v1/admin/accounts?pageSize=100").await.ok();
    let admins = admins["accounts"].as_array().expect("there are accounts").clone();
    assert_eq!(admins.iter().filter(|account| account["roles"].to_string().contains("ADMIN")).count(), 1);
    ann.read_when("/api/v1/search?query=", "all products again", |found| {
        found["totalSize"].as_u64() == list["products"].as_array().map(|all| all.len() as u64)
    })
    .await;
}
