//! Administrators and sellers, sessions, and search that follows.

use serde_json::json;
use system_tests::{Market, Shopper};

#[tokio::test]
async fn an_approved_seller_sells_own_products_and_search_follows_within_a_second() {
    let market = Market::with(&[("sample", "false")]).await;
    let bob = market.customer("bob").await;
    let lamp = json!({"title": "Brass lamp", "brand": "Bob", "price": {"currencyCode": "USD", "amountMinor": "4200"}});
    assert_eq!(bob.rest.post("/api/v1/products", lamp.clone()).await.reason(), "MISSING_ROLE");
    bob.rest.post("/api/v1/users/me/seller", json!({"shopName": "Bob's lamps"})).await.ok();
    let admin = market.administrator().await;
    let approve = format!("/api/v1/admin/sellers/{}:approve", bob.account_id);
    assert_eq!(bob.rest.post(&approve, json!({})).await.reason(), "MISSING_ROLE");
    admin.rest.post(&approve, json!({})).await.ok();
    let account = format!("/api/v1/admin/accounts/{}", bob.account_id);
    admin.read_when(&account, "a seller", |account| account["roles"].to_string().contains("SELLER")).await;
    let bob = Shopper::sign_in(market.rest(), &bob.email, "correct horse battery staple").await;

    let product = bob.rest.post("/api/v1/products", lamp).await.ok();
    let path = format!("/api/v1/products/{}", product["productId"].as_str().expect("has an id"));
    let hits = |count: i64| move |found: &serde_json::Value| found["totalSize"].as_i64().unwrap_or(0) == count;
    let begun = std::time::Instant::now();
    bob.read_when("/api/v1/search?query=brass+lamp", "found", hits(1)).await;
    bob.rest.patch(&path, json!({"title": "Copper lantern"})).await.ok();
    bob.read_when("/api/v1/search?query=lantern", "found by its new name", hits(1)).await;
    let eve = market.customer("eve").await;
    assert_eq!(eve.rest.delete(&path).await.reason(), "MISSING_ROLE");
    let stale =
        bob.rest.with("if-match", product["etag"].as_str().expect("has one")).patch(&path, json!({"title": "x"})).await;
    assert_eq!((stale.status.as_u16(), stale.reason().as_str()), (412, "ETAG_MISMATCH"));
    bob.rest.delete(&path).await.ok();
    bob.read_when("/api/v1/search?query=lantern", "gone", hits(0)).await;
    assert!(begun.elapsed().as_secs() < 5, "three changes were followed in {:?}", begun.elapsed());
    assert_eq!(bob.rest.get(&path).await.reason(), "PRODUCT_NOT_FOUND");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_thief_ends_the_session() {
    let market = Market::with(&[("sample", "false"), ("identity.refresh_leeway_seconds", "0")]).await;
    let ann = market.customer("ann").await;
    let rest = market.rest();
    let login = json!({"email": ann.email, "password": "correct horse battery staple"});
    let first = rest.post("/api/v1/auth/login", login).await.ok();
    let refresh = |tokens: &serde_json::Value| json!({"refreshToken": tokens["refreshToken"]});
    let second = rest.post("/api/v1/auth/refresh", refresh(&first)).await.ok();
    assert_ne!(first["refreshToken"], second["refreshToken"]);
    let third = rest.post("/api/v1/auth/refresh", refresh(&second)).await.ok();
    assert_eq!(rest.post("/api/v1/auth/refresh", refresh(&first)).await.reason(), "INVALID_REFRESH_TOKEN");
    let ended = rest.post("/api/v1/auth/refresh", refresh(&third)).await;
    assert_eq!((ended.status.as_u16(), ended.reason().as_str()), (401, "INVALID_REFRESH_TOKEN"));
}

#[tokio::test]
async fn unknown_people_and_wrong_passwords_get_the_same_answer() {
    let market = Market::with(&[("sample", "false")]).await;
    let ann = market.customer("ann").await;
    let answer = async |email: &str| {
        let reply =
            market.rest().post("/api/v1/auth/login", json!({"email": email, "password": "wrong wrong wrong"})).await;
        (reply.status, reply.json()["message"].clone(), reply.reason())
    };
    assert_eq!(answer(&ann.email).await, answer("nobody@example.com").await);
}

#[tokio::test]
async fn the_operators_port_says_how_the_process_is() {
    let market = Market::open().await;
    let operator = market.operator();
    assert_eq!(operator.get("/health/live").await.ok()["status"], "live");
    market.guest().rest.get("/api/v1/products").await.ok();
    testkit::eventually("ready", async || operator.get("/health/ready").await.status.is_success().then_some(())).await;
    let metrics = operator.get("/metrics").await;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    for name in
        ["http_requests_total", "grpc_server_handled_total", "grpc_server_handling_seconds", "outbox_lag_seconds"]
    {
        assert!(text.contains(name), "{name} is missing in\n{text}");
    }
    for path in ["/health", "/openapi.json", "/docs", "/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert!(market.rest().get(path).await.status.is_success(), "{path}");
    }
}
