//! Shopping without an account.

use serde_json::json;
use system_tests::{Market, Shopper};

#[tokio::test]
async fn a_guest_buys_with_tokens_of_cart_and_order_and_is_told_by_mail() {
    let market = Market::open().await;
    let mut guest = market.guest();
    let sku = any_sku(&guest).await;
    guest.add(&sku, 1).await;
    let order = guest.place("tok_visa").await;
    let id = order["orderId"].as_str().expect("has an id").to_owned();
    guest.order_in(&id, "CONFIRMED").await;
    let number = order["number"].as_str().expect("has a number").to_owned();
    guest.read_when("/api/v1/cart", "empty", |cart| cart["items"].as_array().is_some_and(Vec::is_empty)).await;
    let stranger = market.guest();
    assert_eq!(stranger.rest.get(&format!("/api/v1/orders/{id}")).await.reason(), "ORDER_NOT_FOUND");
    let ann = market.customer("ann").await;
    assert_eq!(ann.rest.get(&format!("/api/v1/orders/{id}")).await.reason(), "ORDER_NOT_FOUND");
    testkit::eventually("the mail", async || {
        market.mails().iter().any(|mail| mail.contains("guest@example.com") && mail.contains(&number)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_guests_cart_is_taken_over_when_they_sign_in() {
    let market = Market::open().await;
    let mut guest = market.guest();
    let sku = any_sku(&guest).await;
    let reply = guest.rest.post("/api/v1/cart/items", json!({"sku": sku, "quantity": 2})).await;
    let token = reply.header("x-cart-token").expect("a guest gets a token").to_owned();
    let mut ann = market.customer("ann").await;
    ann.add(&sku, 1).await;
    for _ in 0..2 {
        let merged = ann.rest.post("/api/v1/cart:merge", json!({"cartToken": token})).await.ok();
        assert_eq!(merged["cart"]["items"][0]["quantity"], 3, "{merged}");
    }
    let bob = market.customer("bob").await;
    assert_eq!(bob.rest.post("/api/v1/cart:merge", json!({"cartToken": "nonsense"})).await.reason(), "CART_NOT_FOUND");
    guest.rest = guest.rest.with("x-cart-token", &token);
    assert_eq!(guest.rest.get("/api/v1/cart").await.json()["items"], json!([]), "what was merged is gone");
}

async fn any_sku(shopper: &Shopper) -> String {
    let list = shopper.rest.get("/api/v1/products?pageSize=1").await.ok();
    list["products"][0]["variants"][0]["sku"].as_str().expect("has a SKU").to_owned()
}
