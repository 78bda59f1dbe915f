//! `openapi`: the document without a server is the one that a server serves.

use serde_json::Value;

use crate::program::Place;

#[tokio::test]
async fn the_document_is_the_one_that_is_served() {
    let place = Place::new();
    let printed = place.call(["openapi"]).run().await;
    let mut printed: Value = serde_json::from_str(printed.ok()).expect("is JSON");
    let shop = place.up().open().await;
    let mut served = shop.rest().get("/openapi.json").await.ok();
    shop.stop().await;
    assert!(printed["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{}", printed["openapi"]);
    let paths = printed["paths"].as_object().expect("there are paths");
    for path in ["/api/v1/products", "/api/v1/orders/{orderId}", "/api/v1/auth/login"] {
        let wanted = path.to_lowercase().replace('_', "");
        assert!(paths.keys().any(|path| path.to_lowercase().replace('_', "") == wanted), "{path} is not described");
    }
    for document in [&mut printed, &mut served] {
        document.as_object_mut().expect("is an object").remove("servers");
    }
    assert_eq!(printed, served);
}
