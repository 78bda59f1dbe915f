use testkit::{facts, reason, violations};
use tonic::Code;
use ultramarket_api::catalog::v1 as pb;

use crate::harness::Shop;

#[tokio::test]
async fn categories_are_listed_parents_first() {
    let shop = Shop::open().await;
    for (title, parent) in [("Toys", ""), ("Computers", ""), ("Laptops & Co.", "computers"), ("Accessories", "")] {
        shop.category(title, parent).await.expect("an administrator may");
    }
    let below = shop.category("Accessories", "computers").await.expect("gets another slug");
    assert_eq!((below.slug.as_str(), below.parent.as_str()), ("computers-accessories", "computers"));
    let listed = shop.client.clone().list_categories(pb::ListCategoriesRequest {}).await.expect("everybody may");
    let slugs: Vec<String> = listed.into_inner().categories.into_iter().map(|category| category.slug).collect();
    assert_eq!(slugs, ["accessories", "computers", "toys", "computers-accessories", "laptops-and-co"]);
}

#[tokio::test]
async fn a_category_needs_a_free_slug_and_an_existing_parent() {
    let shop = Shop::open().await;
    shop.category("Toys", "").await.expect("an administrator may");
    let taken = shop.category("Toys", "").await.expect_err("is there");
    assert_eq!((taken.code(), reason(&taken).as_str()), (Code::AlreadyExists, "SLUG_TAKEN"));
    let orphan = shop.category("Dolls", "no-such").await.expect_err("has no parent");
    assert_eq!((orphan.code(), reason(&orphan).as_str()), (Code::NotFound, "CATEGORY_NOT_FOUND"));
    assert_eq!(facts(&orphan)["category"], "no-such");
    let nameless = shop.category("  ", "").await.expect_err("has no title");
    assert_eq!(violations(&nameless), ["category.title"]);
}

#[tokio::test]
async fn only_administrators_create_categories() {
    let shop = Shop::open().await;
    let category = pb::Category { title: "Mine".into(), ..Default::default() };
    let request = shop.bob().request(pb::CreateCategoryRequest { category: Some(category) });
    let refused = shop.client.clone().create_category(request).await.expect_err("bob sells only");
    assert_eq!(reason(&refused), "MISSING_ROLE");
}
