use futures::stream;
use testkit::reason;
use ultramarket_api::catalog::v1 as pb;

use crate::harness::{Shop, imported, product, skus, usd, variant, with_variants};

fn counts(report: &pb::ImportProductsResponse) -> [i32; 4] {
    [report.created_count, report.updated_count, report.unchanged_count, report.failed_count]
}

fn cups(count: usize) -> Vec<pb::Product> {
    (1..=count).map(|number| imported(&format!("C{number}"), &format!("Cup {number}"))).collect()
}

#[tokio::test]
async fn an_import_creates_then_leaves_alone_then_updates() {
    let mut shop = Shop::open().await;
    let first = shop.import(cups(7), false).await;
    assert_eq!(counts(&first), [7, 0, 0, 0]);
    assert_eq!(first.skus, ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]);
    assert_eq!(shop.told(7).await.iter().filter(|event| event.version == 1).count(), 7);
    let before = shop.by_slug("cup-2").await.expect("exists");

    let again = shop.import(cups(7), false).await;
    assert_eq!(counts(&again), [0, 0, 7, 0]);
    assert_eq!(again.skus, first.skus);

    shop.later();
    let mut changed = cups(7);
    changed[1].price = usd(300);
    let third = shop.import(changed, false).await;
    assert_eq!(counts(&third), [0, 1, 6, 0]);
    let event = shop.changed.next().await;
    assert_eq!(event.version, 2, "unchanged products are not told of again");
    let after = shop.get(&before.product_id).await.expect("exists");
    assert_eq!((after.price.clone(), after.slug, after.create_time), (usd(300), before.slug, before.create_time));
    assert_eq!(event.product.expect("is there").price, after.price);
}

#[tokio::test]
async fn bad_lines_are_reported_and_the_others_are_taken() {
    let shop = Shop::open().await;
    shop.given(with_variants("Bob's", &["TAKEN"])).await;
    let report = shop
        .import(
            [
                imported("1", "Good"),
                product("No external id"),
                imported("3", ""),
                pb::Product { variants: vec![variant("TAKEN")], ..imported("4", "Takes a SKU") },
                pb::Product { categories: vec!["no-such".into()], ..imported("5", "On no shelf") },
                pb::Product { price: None, slug: "Bad Slug".into(), ..imported("6", "Bad slug") },
                imported("7", "Good too"),
                pb::Product { variants: vec![variant("C1")], ..imported("8", "First of a SKU") },
                pb::Product { variants: vec![variant("C1")], ..imported("9", "Second of a SKU") },
            ],
            false,
        )
        .await;
    assert_eq!(counts(&report), [3, 0, 0, 6]);
    assert_eq!(report.skus, ["1", "7", "C1"]);
    let told: Vec<(i64, &str)> = report.errors.iter().map(|error| (error.line, error.reason.as_str())).collect();
    let expected = [
        (2, "INVALID_REQUEST"),
        (3, "INVALID_REQUEST"),
        (4, "SKU_TAKEN"),
        (5, "CATEGORY_NOT_FOUND"),
        (6, "INVALID_REQUEST"),
        (9, "SKU_TAKEN"),
    ];
    assert_eq!(told, expected);
    assert_eq!(report.errors[0].message, "product.externalId is required");
    assert!(report.errors[4].message.starts_with("product.slug "), "{}", report.errors[4].message);
}

#[tokio::test]
async fn no_more_than_a_thousand_errors_are_told() {
    let shop = Shop::open().await;
    let report = shop.import((0..1100).map(|_| product("No external id")), false).await;
    assert_eq!((report.failed_count, report.errors.len()), (1100, 1000));
}

#[tokio::test]
async fn an_import_that_only_checks_tells_the_same_and_stores_nothing() {
    let mut shop = Shop::open().await;
    shop.import(cups(1), false).await;
    shop.told(1).await;
    let mut feed = cups(5);
    feed.push(imported("C4", "Cup 4, again"));
    feed.extend([3, 5].map(|number| pb::Product {
        variants: vec![variant("SAME")],
        ..imported(&format!("S{number}"), "Same SKU, batches apart")
    }));
    let rehearsal = shop.import(feed.clone(), true).await;
    assert_eq!(counts(&rehearsal), [5, 1, 1, 1]);
    let exported = shop.by_slug("cup-2").await.expect_err("is not stored");
    assert_eq!(reason(&exported), "PRODUCT_NOT_FOUND");
    assert!(shop.changed.heard().is_empty());

    let report = shop.import(feed, false).await;
    assert_eq!(report, rehearsal);
}

#[tokio::test]
async fn the_later_of_two_lines_of_one_product_holds() {
    let shop = Shop::open().await;
    let report = shop.import([imported("1", "Cup"), imported("1", "Mug")], false).await;
    assert_eq!(counts(&report), [1, 1, 0, 0]);
    assert_eq!(shop.by_slug("cup").await.expect("keeps its slug").title, "Mug");
}

#[tokio::test]
async fn products_of_one_title_get_different_names() {
    let shop = Shop::open().await;
    let report = shop.import((1..=5).map(|number| imported(&number.to_string(), "Desk mount")), false).await;
    assert_eq!(counts(&report), [5, 0, 0, 0]);
    for slug in ["desk-mount", "desk-mount-2", "desk-mount-5"] {
        shop.by_slug(slug).await.expect(slug);
    }
}

#[tokio::test]
async fn a_deleted_product_that_is_imported_again_comes_back() {
    let mut shop = Shop::open().await;
    shop.import(cups(1), false).await;
    let cup = shop.by_slug("cup-1").await.expect("exists");
    shop.delete(&shop.kit.admin(), &cup.product_id, "").await.expect("an administrator may");
    let squatter = shop.given(product("Cup 1")).await;
    assert_eq!(squatter.slug, "cup-1");

    assert_eq!(counts(&shop.import(cups(1), false).await), [1, 0, 0, 0]);
    let back = shop.get(&cup.product_id).await.expect("is back");
    assert_eq!((back.slug.as_str(), skus(&back)), ("cup-1-c1", vec!["C1"]));
    let versions = shop.told(3).await.into_iter().filter(|event| event.product.as_ref() == Some(&back));
    assert_eq!(versions.map(|event| event.version).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn a_sellers_change_is_undone_by_the_next_import() {
    let shop = Shop::open().await;
    shop.import(cups(1), false).await;
    let cup = shop.by_slug("cup-1").await.expect("exists");
    shop.update(&shop.kit.admin(), &cup.product_id, product("Renamed"), &["title"]).await.expect("may");
    assert_eq!(counts(&shop.import(cups(1), false).await), [0, 1, 0, 0]);
    assert_eq!(shop.get(&cup.product_id).await.expect("exists").title, "Cup 1");
}

#[tokio::test]
async fn only_administrators_import() {
    let shop = Shop::open().await;
    let request = shop.bob().request(stream::iter(vec![pb::ImportProductsRequest::default()]));
    let refused = shop.client.clone().import_products(request).await.expect_err("bob sells only");
    assert_eq!(reason(&refused), "MISSING_ROLE");
    let report = shop.import([], false).await;
    assert_eq!(counts(&report), [0, 0, 0, 0]);
}
