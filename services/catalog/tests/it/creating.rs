use std::collections::HashSet;

use futures::future::join_all;
use testkit::{facts, reason, violations};
use tonic::Code;
use ultramarket_api::{catalog::v1 as pb, r#type::v1::Money};

use crate::harness::{Shop, draft, product, skus, usd, variant, with_variants};

#[tokio::test]
async fn a_product_gets_what_it_does_not_say() {
    let mut shop = Shop::open().await;
    let created = shop.given(pb::Product { brand: "Acme".into(), ..product("Blue Cup") }).await;
    assert_eq!(created.slug, "blue-cup");
    assert_eq!(skus(&created), ["BLUE-CUP"]);
    assert_eq!(created.variants[0].price, usd(250));
    assert_eq!(created.seller_id, shop.bob().id);
    assert_eq!(created.status(), pb::product::Status::Published);
    assert!(created.create_time.is_some() && created.create_time == created.update_time);
    assert!(!created.etag.is_empty());

    assert_eq!(shop.get(&created.product_id).await.expect("is published"), created);
    let event = shop.changed.next().await;
    assert_eq!((event.product, event.version), (Some(created), 1));
}

#[tokio::test]
async fn what_only_the_service_sets_is_not_taken_from_the_request() {
    let shop = Shop::open().await;
    let forged = pb::Product {
        product_id: "0190f7a0-0000-7000-8000-000000000000".into(),
        seller_id: shop.kit.admin().id,
        etag: "99".into(),
        create_time: Some(prost_types::Timestamp::default()),
        ..product("Cup")
    };
    let created = shop.given(forged.clone()).await;
    assert_ne!(created.product_id, forged.product_id);
    assert_eq!(created.seller_id, shop.bob().id);
    assert_ne!((created.etag, created.create_time), (forged.etag, forged.create_time));
}

#[tokio::test]
async fn only_sellers_and_administrators_create() {
    let shop = Shop::open().await;
    let refused = shop.create(&shop.kit.customer("ann"), product("Cup")).await.expect_err("ann sells nothing");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "MISSING_ROLE"));
    let request = pb::CreateProductRequest { product: Some(product("Cup")) };
    let refused = shop.client.clone().create_product(request).await.expect_err("nobody is signed in");
    assert_eq!(reason(&refused), "MISSING_TOKEN");
}

#[tokio::test]
async fn of_parallel_creates_of_one_sku_one_wins() {
    let shop = Shop::open().await;
    let bob = shop.bob();
    let attempts = join_all((0..8).map(|number| {
        let wanted = with_variants(&format!("Cup {number}"), &["CUP"]);
        shop.create(&bob, wanted)
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = attempts.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for error in lost.into_iter().map(|lost| lost.expect_err("lost")) {
        assert_eq!((error.code(), reason(&error).as_str()), (Code::AlreadyExists, "SKU_TAKEN"));
        assert_eq!(facts(&error)["sku"], "CUP");
    }
}

#[tokio::test]
async fn products_of_one_title_get_different_names() {
    let shop = Shop::open().await;
    let bob = shop.bob();
    let created = join_all((0..8).map(|_| shop.create(&bob, product("Desk mount")))).await;
    let created: Vec<pb::Product> = created.into_iter().map(|product| product.expect("is created")).collect();
    let slugs: HashSet<&str> = created.iter().map(|product| product.slug.as_str()).collect();
    let skus: HashSet<&str> = created.iter().flat_map(skus).collect();
    assert_eq!((slugs.len(), skus.len()), (8, 8));
    assert!(slugs.contains("desk-mount") && skus.contains("DESK-MOUNT"));
}

#[tokio::test]
async fn a_slug_that_was_asked_for_is_given_or_refused() {
    let shop = Shop::open().await;
    let wanted = || pb::Product { slug: "cup".into(), ..product("Cup") };
    assert_eq!(shop.given(wanted()).await.slug, "cup");
    let refused = shop.create(&shop.bob(), wanted()).await.expect_err("is taken");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "SLUG_TAKEN"));
    assert_eq!(facts(&refused)["slug"], "cup");
}

#[tokio::test]
async fn external_ids_are_unique_and_not_for_sellers() {
    let shop = Shop::open().await;
    let wanted = || pb::Product { external_id: "1399".into(), ..product("Cup") };
    let refused = shop.create(&shop.bob(), wanted()).await.expect_err("bob is no administrator");
    assert_eq!(violations(&refused), ["product.externalId"]);
    shop.create(&shop.kit.admin(), wanted()).await.expect("an administrator may");
    let refused = shop.create(&shop.kit.admin(), wanted()).await.expect_err("is taken");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "EXTERNAL_ID_TAKEN"));
}

#[tokio::test]
async fn prices_are_of_one_currency_that_exists() {
    let shop = Shop::open().await;
    let price = |code: &str| Some(Money { currency_code: code.into(), amount_minor: 1 });
    let unknown = shop.create(&shop.bob(), pb::Product { price: price("ABC"), ..product("Cup") }).await;
    let unknown = unknown.expect_err("is no currency");
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::InvalidArgument, "INVALID_CURRENCY"));
    assert_eq!(facts(&unknown)["currencyCode"], "ABC");

    let variants = vec![variant("A"), pb::Variant { price: price("EUR"), ..variant("B") }];
    let mixed = shop.create(&shop.bob(), pb::Product { variants, ..product("Cup") }).await.expect_err("mixed");
    assert_eq!((mixed.code(), reason(&mixed).as_str()), (Code::InvalidArgument, "CURRENCY_MISMATCH"));
    assert_eq!(facts(&mixed)["currencies"], "USD,EUR");
}

#[tokio::test]
async fn hostile_products_are_refused_with_all_that_is_wrong() {
    let shop = Shop::open().await;
    let refused = shop.create(&shop.bob(), pb::Product::default()).await.expect_err("has nothing");
    assert_eq!(violations(&refused), ["product.title", "product.price"]);

    let hostile = pb::Product {
        slug: "../../etc".into(),
        variants: vec![variant("'; DROP TABLE products; --")],
        release_date: "yesterday".into(),
        ..product(&"x".repeat(501))
    };
    let refused = shop.create(&shop.bob(), hostile).await.expect_err("breaks field rules");
    let mut fields = violations(&refused);
    fields.sort();
    assert_eq!(fields, ["product.releaseDate", "product.slug", "product.title", "product.variants[0].sku"]);

    let images = vec!["javascript:alert(1)".into(), "https://a.example/b c.png".into()];
    let refused = shop.create(&shop.bob(), pb::Product { images, ..product("Cup") }).await.expect_err("bad images");
    assert_eq!(violations(&refused), ["product.images[0]", "product.images[1]"]);

    let refused = shop.create(&shop.bob(), pb::Product { price: usd(-1), ..product("Cup") }).await;
    assert_eq!(violations(&refused.expect_err("is negative")), ["product.price.amountMinor"]);

    let harmless = shop.given(product("Robert'); DROP TABLE products;--")).await;
    assert_eq!(shop.get(&harmless.product_id).await.expect("exists").title, "Robert'); DROP TABLE products;--");
}

#[tokio::test]
async fn a_product_is_on_existing_shelves_only() {
    let shop = Shop::open().await;
    shop.category("Cups", "").await.expect("an administrator may");
    let on = |categories: &[&str]| pb::Product {
        categories: categories.iter().map(|&category| category.to_owned()).collect(),
        ..product("Cup")
    };
    let refused = shop.create(&shop.bob(), on(&["cups", "mugs"])).await.expect_err("there are no mugs");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "CATEGORY_NOT_FOUND"));
    assert_eq!(facts(&refused)["category"], "mugs");
    assert_eq!(shop.given(on(&["cups", "cups"])).await.categories, ["cups"]);
}

#[tokio::test]
async fn a_draft_is_told_of_and_not_for_sale() {
    let mut shop = Shop::open().await;
    let created = shop.given(draft("Cup")).await;
    assert_eq!(shop.changed.next().await.product.expect("is there").status(), pb::product::Status::Draft);
    assert!(shop.variants(&skus(&created)).await.is_empty());
}
