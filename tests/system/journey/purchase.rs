//! The main journey, field by field, by REST and by the generated gRPC client.

use serde_json::Value;
use system_tests::Market;
use tonic::Request;
use ultramarket_api::{
    cart::v1::{AddItemRequest, cart_service_client::CartServiceClient},
    catalog::v1::{ListProductsRequest, catalog_service_client::CatalogServiceClient},
    identity::v1::{LoginRequest, RegisterRequest, identity_service_client::IdentityServiceClient},
    order::v1::{
        PlaceOrderRequest, WatchOrderRequest,
        order::{Lifecycle, PaymentStatus},
        order_service_client::OrderServiceClient,
    },
    r#type::v1::Address,
};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} is text in {value}"))
}

fn minor(money: &Value) -> i64 {
    assert_eq!(text(money, "currencyCode"), "USD");
    text(money, "amountMinor").parse().expect("amounts are whole numbers")
}

#[tokio::test]
async fn a_shopper_registers_searches_buys_and_is_told_by_rest() {
    let market = Market::open().await;
    let rest = market.rest();
    let registered =
        serde_json::json!({"email": "ann@example.com", "password": "correct horse battery", "displayName": "Ann"});
    let account = rest.post("/api/v1/auth/register", registered).await.ok();
    assert_eq!((text(&account, "email"), &account["roles"]), ("ann@example.com", &serde_json::json!(["CUSTOMER"])));
    text(&account, "accountId");

    let login = serde_json::json!({"email": "ann@example.com", "password": "correct horse battery"});
    let tokens = rest.post("/api/v1/auth/login", login).await.ok();
    assert_eq!((text(&tokens, "tokenType"), tokens["expiresInSeconds"].as_i64()), ("Bearer", Some(900)));
    text(&tokens, "refreshToken");
    let mut ann =
        system_tests::Shopper::guest(rest.with("authorization", &format!("Bearer {}", text(&tokens, "accessToken"))));
    ann.email = "ann@example.com".into();

    let list = rest.get("/api/v1/products?pageSize=5").await.ok();
    assert_eq!(list["products"].as_array().map(Vec::len), Some(5));
    text(&list, "nextPageToken");
    let product = &list["products"][0];
    for field in ["productId", "slug", "title", "etag", "createTime", "updateTime"] {
        text(product, field);
    }
    let variant = &product["variants"][0];
    let (sku, price) = (text(variant, "sku").to_owned(), minor(&variant["price"]));
    assert_eq!(minor(&product["price"]), price);

    let words = text(product, "title").replace(' ', "+").replace(['&', '#', '%', '"'], "");
    let path = format!("/api/v1/search?query={words}&pageSize=10");
    let found = ann
        .read_when(&path, "the product", |found| {
            found["results"].as_array().is_some_and(|results| {
                results.iter().any(|result| result["product"]["productId"] == product["productId"])
            })
        })
        .await;
    assert!(found["totalSize"].as_i64().is_some_and(|size| size >= 1), "{found}");
    assert!(found["results"][0]["score"].as_f64().is_some_and(|score| score > 0.0), "{found}");
    assert!(found["facets"].as_array().is_some_and(|facets| !facets.is_empty()), "{found}");
    let suggestions = rest
        .get(&format!("/api/v1/search/suggestions?query={}", &text(product, "title")[..3].replace(' ', "+")))
        .await
        .ok();
    assert!(suggestions["suggestions"].is_array(), "{suggestions}");

    let cart = ann.add(&sku, 2).await;
    text(&cart, "cartId");
    text(&cart, "version");
    let line = &cart["items"][0];
    assert_eq!(
        (text(line, "sku"), line["quantity"].as_i64(), minor(&line["unitPrice"])),
        (sku.as_str(), Some(2), price)
    );
    assert_eq!((minor(&line["lineTotal"]), minor(&cart["subtotal"])), (2 * price, 2 * price));
    assert!(line.get("problem").is_none(), "{line}");

    let order = ann.place("tok_visa").await;
    assert_eq!((text(&order, "lifecycle"), minor(&order["total"])), ("PENDING", 2 * price));
    for field in ["number", "paymentStatus", "fulfilmentStatus", "paymentId", "createTime", "etag"] {
        text(&order, field);
    }
    let confirmed = ann.order_in(text(&order, "orderId"), "CONFIRMED").await;
    assert_eq!((text(&confirmed, "paymentStatus"), text(&confirmed, "fulfilmentStatus")), ("PAID", "UNFULFILLED"));
    assert_eq!(confirmed["items"], order["items"]);

    let payment = rest_of(&ann, &format!("/api/v1/payments/{}", text(&order, "paymentId"))).await;
    assert_eq!((text(&payment, "status"), minor(&payment["capturedAmount"])), ("CAPTURED", 2 * price));
    ann.read_when("/api/v1/cart", "empty", |cart| cart["items"].as_array().is_some_and(Vec::is_empty)).await;
    let told = ann
        .read_when("/api/v1/notifications", "the confirmation", |list| {
            let all = list["notifications"].as_array();
            all.is_some_and(|all| {
                all.iter().any(|one| one["template"] == "order-confirmation-v1" && one["status"] == "SENT")
            })
        })
        .await;
    assert!(
        told["notifications"].as_array().is_some_and(|all| all.iter().any(|one| one["template"] == "welcome-v1")),
        "{told}"
    );
    let number = text(&order, "number");
    assert!(
        market.mails().iter().any(|mail| mail.contains("ann@example.com") && mail.contains(number)),
        "the mail is written"
    );
}

async fn rest_of(shopper: &system_tests::Shopper, path: &str) -> Value {
    shopper.rest.get(path).await.ok()
}

#[tokio::test]
async fn the_same_by_the_generated_grpc_client() {
    let market = Market::open().await;
    let channel = market.channel().await;
    let mut identity = IdentityServiceClient::new(channel.clone());
    let (email, password) = ("bea@example.com".to_owned(), "correct horse battery".to_owned());
    let register = RegisterRequest { email: email.clone(), password: password.clone(), display_name: "Bea".into() };
    identity.register(register).await.expect("registers");
    let tokens =
        identity.login(LoginRequest { email, password, device: String::new() }).await.expect("signs in").into_inner();
    let signed = |message| {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", tokens.access_token).parse().expect("a token is ASCII");
        request.metadata_mut().insert("authorization", bearer);
        request
    };

    let list = CatalogServiceClient::new(channel.clone())
        .list_products(ListProductsRequest::default())
        .await
        .expect("is public");
    let product = list.into_inner().products.swap_remove(0);
    let sku = product.variants[0].sku.clone();
    let mut add = Request::new(AddItemRequest { sku, quantity: 1 });
    *add.metadata_mut() = signed(()).metadata().clone();
    let cart = CartServiceClient::new(channel.clone()).add_item(add).await.expect("adds").into_inner();
    assert_eq!(cart.subtotal, product.variants[0].price);

    let mut orders = OrderServiceClient::new(channel);
    let mut place = Request::new(PlaceOrderRequest {
        shipping_address: Some(Address {
            name: "Bea".into(),
            line1: "1 High Street".into(),
            city: "Springfield".into(),
            country_code: "US".into(),
            ..Default::default()
        }),
        payment_token: "tok_visa".into(),
        expected_total: cart.subtotal,
        email: String::new(),
    });
    *place.metadata_mut() = signed(()).metadata().clone();
    place.metadata_mut().insert("idempotency-key", "bea-1".parse().expect("ASCII"));
    let order = orders.place_order(place).await.expect("places").into_inner();
    assert_eq!(order.lifecycle(), Lifecycle::Pending);

    let mut watch = Request::new(WatchOrderRequest { order_id: order.order_id });
    *watch.metadata_mut() = signed(()).metadata().clone();
    let mut changes = orders.watch_order(watch).await.expect("is hers").into_inner();
    let mut last = None;
    while let Some(order) = changes.message().await.expect("the stream goes on") {
        last = Some(order);
    }
    let last = last.expect("at least the present state comes");
    assert_eq!((last.lifecycle(), last.payment_status()), (Lifecycle::Confirmed, PaymentStatus::Paid));
}
