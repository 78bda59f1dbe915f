use testkit::reason;
use tonic::Code;
use ultramarket_api::catalog::v1 as pb;

use crate::harness::{Shop, draft, product, usd, variant, with_variants};

#[tokio::test]
async fn a_product_is_found_by_id_and_by_slug() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    for _ in 0..2 {
        assert_eq!(shop.get(&cup.product_id).await.expect("exists"), cup);
        assert_eq!(shop.by_slug("cup").await.expect("exists"), cup);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let shop = Shop::open().await;
    for missing in [
        shop.get("0190f7a0-0000-7000-8000-000000000000").await.expect_err("does not exist"),
        shop.by_slug("no-such-cup").await.expect_err("does not exist"),
    ] {
        assert_eq!((missing.code(), reason(&missing).as_str()), (Code::NotFound, "PRODUCT_NOT_FOUND"));
    }
    let malformed = shop.get("1 OR 1=1").await.expect_err("is no id");
    assert_eq!(reason(&malformed), "INVALID_REQUEST");
}

#[tokio::test]
async fn drafts_are_seen_by_their_seller_and_administrators_only() {
    let shop = Shop::open().await;
    let cup = shop.given(draft("Cup")).await;
    let get = |who: testkit::Person| {
        let request = who.request(pb::GetProductRequest { product_id: cup.product_id.clone() });
        let mut client = shop.client.clone();
        async move { client.get_product(request).await }
    };
    for who in [shop.bob(), shop.kit.admin()] {
        assert_eq!(get(who).await.expect("may see it").into_inner(), cup);
    }
    for who in [shop.kit.seller("eve"), shop.kit.customer("ann")] {
        assert_eq!(reason(&get(who).await.expect_err("may not see it")), "PRODUCT_NOT_FOUND");
    }
    assert_eq!(reason(&shop.get(&cup.product_id).await.expect_err("is a guest")), "PRODUCT_NOT_FOUND");
    assert_eq!(reason(&shop.by_slug(&cup.slug).await.expect_err("is a guest")), "PRODUCT_NOT_FOUND");
}

#[tokio::test]
async fn a_slug_leads_to_the_product_that_has_it_now() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    shop.by_slug("cup").await.expect("exists");
    let renamed = pb::Product { slug: "old-cup".into(), ..Default::default() };
    shop.update(&shop.bob(), &cup.product_id, renamed, &["slug"]).await.expect("bob may");
    assert_eq!(reason(&shop.by_slug("cup").await.expect_err("was given up")), "PRODUCT_NOT_FOUND");
    let mug = shop.given(pb::Product { slug: "cup".into(), ..product("Mug") }).await;
    assert_eq!(shop.by_slug("cup").await.expect("is another's now").product_id, mug.product_id);
    assert_eq!(shop.by_slug("old-cup").await.expect("is the cup's").product_id, cup.product_id);
}

#[tokio::test]
async fn variants_are_read_in_the_order_asked_for_without_those_not_for_sale() {
    let shop = Shop::open().await;
    let variants = vec![
        pb::Variant { title: "Red".into(), price: usd(300), ..variant("CUP-RED") },
        pb::Variant { title: "Blue".into(), ..variant("CUP-BLUE") },
    ];
    let images = vec!["/cup.png".into()];
    let cup = shop.given(pb::Product { variants, images, ..product("Cup") }).await;
    shop.given(with_variants("Mug", &["MUG"])).await;
    let pot = shop.given(with_variants("Pot", &["POT"])).await;
    shop.delete(&shop.bob(), &pot.product_id, "").await.expect("bob may");

    let found = shop.variants(&["MUG", "POT", "CUP-BLUE", "NO-SUCH", "CUP-RED", "MUG"]).await;
    let seen: Vec<(&str, &str)> = found.iter().map(|found| (found.sku.as_str(), found.title.as_str())).collect();
    assert_eq!(seen, [("MUG", "Mug"), ("CUP-BLUE", "Cup, Blue"), ("CUP-RED", "Cup, Red")]);
    let expected = pb::SaleableVariant {
        sku: "CUP-RED".into(),
        product_id: cup.product_id,
        title: "Cup, Red".into(),
        price: usd(300),
        seller_id: shop.bob().id,
        image: "/cup.png".into(),
    };
    assert_eq!(found[2], expected);
}

#[tokio::test]
async fn two_hundred_variants_are_read_at_once() {
    let shop = Shop::open().await;
    let skus: Vec<String> = (0..200).map(|number| format!("SKU-{number}")).collect();
    for (number, chunk) in skus.chunks(100).enumerate() {
        let chunk: Vec<&str> = chunk.iter().map(String::as_str).collect();
        shop.given(with_variants(&format!("Set {number}"), &chunk)).await;
    }
    let asked: Vec<&str> = skus.iter().map(String::as_str).collect();
    let found = shop.variants(&asked).await;
    assert_eq!(found.iter().map(|found| found.sku.as_str()).collect::<Vec<_>>(), asked);
}

#[tokio::test]
async fn other_services_read_what_their_policy_names() {
    let shop = Shop::open().await;
    shop.given(with_variants("Cup", &["CUP"])).await;
    let request = || pb::BatchGetVariantsRequest { skus: vec!["CUP".into()] };
    let as_workload = |name: &str| {
        let rpc = shop.kit.rpc_as(name, catalog::NAME);
        pb::catalog_service_client::CatalogServiceClient::new(rpc)
    };
    for allowed in ["cart", "order", "inventory"] {
        assert!(as_workload(allowed).batch_get_variants(request()).await.is_ok(), "{allowed}");
    }
    let refused = as_workload("notification").batch_get_variants(request()).await.expect_err("is not named");
    assert_eq!(reason(&refused), "WORKLOAD_NOT_ALLOWED");
}
