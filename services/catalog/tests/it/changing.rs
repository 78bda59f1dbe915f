use futures::future::join_all;
use testkit::{facts, reason, violations};
use tonic::Code;
use ultramarket_api::catalog::v1 as pb;

use crate::harness::{Shop, product, skus, usd, variant, with_variants};

#[tokio::test]
async fn a_mask_says_what_changes() {
    let mut shop = Shop::open().await;
    let cup = shop.given(pb::Product { brand: "Acme".into(), mpn: "7".into(), ..product("Cup") }).await;
    shop.later();
    let patch = pb::Product { title: "Mug".into(), mpn: "8".into(), ..Default::default() };
    let changed = shop.update(&shop.bob(), &cup.product_id, patch, &["title", "brand"]).await.expect("bob may");
    assert_eq!((changed.title.as_str(), changed.brand.as_str(), changed.mpn.as_str()), ("Mug", "", "7"));
    assert_eq!((&changed.slug, skus(&changed)), (&cup.slug, skus(&cup)), "addresses and SKUs stay");
    assert_ne!(changed.etag, cup.etag);
    assert_ne!(changed.update_time, cup.update_time);
    assert_eq!(changed.create_time, cup.create_time);
    assert_eq!(shop.get(&cup.product_id).await.expect("exists"), changed);
    let told = shop.told(2).await;
    assert_eq!((told[1].version, told[1].product.as_ref()), (2, Some(&changed)));
}

#[tokio::test]
async fn without_a_mask_what_was_read_can_be_sent_back() {
    let shop = Shop::open().await;
    let cup = shop.given(pb::Product { brand: "Acme".into(), ..product("Cup") }).await;
    let back = pb::Product { price: usd(300), variants: Vec::new(), ..cup.clone() };
    let changed = shop.update(&shop.bob(), &cup.product_id, back, &[]).await.expect("bob may");
    assert_eq!((changed.brand.as_str(), &changed.price), ("Acme", &usd(300)));
    assert_eq!(changed.variants[0].price, usd(300));
}

#[tokio::test]
async fn a_mask_that_names_nothing_that_can_change_is_refused() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    let mask = ["titel", "seller_id", "variants.sku"];
    let refused = shop.update(&shop.bob(), &cup.product_id, product("Mug"), &mask).await.expect_err("bad mask");
    assert_eq!(violations(&refused), ["updateMask", "updateMask", "updateMask"]);
}

#[tokio::test]
async fn a_change_that_changes_nothing_tells_nothing() {
    let mut shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    let same = shop.update(&shop.bob(), &cup.product_id, product("Cup"), &["title"]).await.expect("bob may");
    assert_eq!(same, cup);
    shop.update(&shop.bob(), &cup.product_id, product("Mug"), &["title"]).await.expect("bob may");
    let versions: Vec<i64> = shop.told(2).await.iter().map(|event| event.version).collect();
    assert_eq!(versions, [1, 2]);
}

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    let with_etag = |title: &str| pb::Product { etag: cup.etag.clone(), ..product(title) };
    let bob = shop.bob();
    let mug = shop.update(&bob, &cup.product_id, with_etag("Mug"), &["title"]).await.expect("is current");
    let stale = shop.update(&bob, &cup.product_id, with_etag("Pot"), &["title"]).await.expect_err("is stale");
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(facts(&stale)["currentEtag"], mug.etag);
    let stale = shop.delete(&bob, &cup.product_id, &cup.etag).await.expect_err("is stale");
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    assert_eq!(shop.get(&cup.product_id).await.expect("exists").title, "Mug");
}

#[tokio::test]
async fn of_parallel_changes_of_one_state_one_wins() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    let bob = shop.bob();
    let attempts = join_all((0..8).map(|number| {
        let patch = pb::Product { etag: cup.etag.clone(), ..product(&format!("Cup {number}")) };
        shop.update(&bob, &cup.product_id, patch, &["title"])
    }))
    .await;
    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    assert!(attempts.iter().filter_map(|attempt| attempt.as_ref().err()).all(|error| reason(error) == "ETAG_MISMATCH"));
}

#[tokio::test]
async fn a_product_of_somebody_else_is_not_found() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    let eve = shop.kit.seller("eve");
    let refused = shop.update(&eve, &cup.product_id, product("Mine"), &["title"]).await.expect_err("is bob's");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "PRODUCT_NOT_FOUND"));
    let refused = shop.delete(&eve, &cup.product_id, "").await.expect_err("is bob's");
    assert_eq!(reason(&refused), "PRODUCT_NOT_FOUND");
    let admin = shop.kit.admin();
    let changed = shop.update(&admin, &cup.product_id, product("Mug"), &["title"]).await.expect("an administrator may");
    assert_eq!((changed.title.as_str(), changed.seller_id), ("Mug", shop.bob().id));
    shop.delete(&admin, &cup.product_id, "").await.expect("an administrator may");
}

#[tokio::test]
async fn variants_are_replaced_as_a_whole_and_their_skus_stay_reserved() {
    let shop = Shop::open().await;
    let cup = shop.given(with_variants("Cup", &["A", "B"])).await;
    let patch = pb::Product { variants: vec![variant("B"), variant("C")], ..Default::default() };
    let changed = shop.update(&shop.bob(), &cup.product_id, patch, &["variants"]).await.expect("bob may");
    assert_eq!(skus(&changed), ["B", "C"]);
    assert_eq!(changed.variants[1].price, usd(250));
    assert_eq!(shop.variants(&["A", "B", "C"]).await.len(), 2);

    let refused = shop.create(&shop.bob(), with_variants("Mug", &["A"])).await.expect_err("was the cup's");
    assert_eq!(reason(&refused), "SKU_TAKEN");
    let patch = pb::Product { variants: vec![variant("A")], ..Default::default() };
    let back = shop.update(&shop.bob(), &cup.product_id, patch, &["variants"]).await.expect("is its own");
    assert_eq!(skus(&back), ["A"]);
}

#[tokio::test]
async fn sellers_cannot_change_the_external_id() {
    let shop = Shop::open().await;
    let cup = shop.given(product("Cup")).await;
    let patch = || pb::Product { external_id: "1399".into(), ..Default::default() };
    let refused = shop.update(&shop.bob(), &cup.product_id, patch(), &["external_id"]).await.expect_err("may not");
    assert_eq!(violations(&refused), ["product.externalId"]);
    let admin = shop.kit.admin();
    let changed = shop.update(&admin, &cup.product_id, patch(), &["external_id"]).await.expect("an administrator may");
    let again = shop.update(&shop.bob(), &cup.product_id, changed, &[]).await.expect("sends back what he read");
    assert_eq!(again.external_id, "1399");

    let mug = shop.given(product("Mug")).await;
    let taken = shop.update(&admin, &mug.product_id, patch(), &["external_id"]).await.expect_err("is the cup's");
    assert_eq!(reason(&taken), "EXTERNAL_ID_TAKEN");
}

#[tokio::test]
async fn a_deleted_product_is_gone_and_its_slug_is_free() {
    let mut shop = Shop::open().await;
    let cup = shop.given(with_variants("Cup", &["CUP"])).await;
    shop.get(&cup.product_id).await.expect("exists");
    shop.delete(&shop.bob(), &cup.product_id, &cup.etag).await.expect("bob may");
    assert_eq!(reason(&shop.get(&cup.product_id).await.expect_err("is gone")), "PRODUCT_NOT_FOUND");
    assert_eq!(reason(&shop.by_slug("cup").await.expect_err("is gone")), "PRODUCT_NOT_FOUND");
    assert!(shop.variants(&["CUP"]).await.is_empty());
    let event = shop.deleted.next().await;
    assert_eq!(
        (event.product_id.as_str(), event.skus, event.version),
        (cup.product_id.as_str(), vec!["CUP".into()], 2)
    );

    let again = shop.delete(&shop.bob(), &cup.product_id, "").await.expect_err("is gone");
    assert_eq!(reason(&again), "PRODUCT_NOT_FOUND");
    let update = shop.update(&shop.bob(), &cup.product_id, product("Mug"), &["title"]).await.expect_err("is gone");
    assert_eq!(reason(&update), "PRODUCT_NOT_FOUND");

    let next = shop.given(product("Cup")).await;
    assert_eq!(next.slug, "cup");
    assert_ne!(skus(&next), ["CUP"]);
    let refused = shop.create(&shop.bob(), with_variants("Cup", &["CUP"])).await.expect_err("stays reserved");
    assert_eq!(reason(&refused), "SKU_TAKEN");
}
