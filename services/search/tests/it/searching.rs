use testkit::{reason, violations};
use ultramarket_api::search::v1::{SearchRequest, SearchResponse};

use crate::harness::{Shop, words};

async fn shop() -> Shop {
    Shop::selling(&[("brass", "Brass lamp"), ("steel", "Steel lamp"), ("mug", "Blue <mug>")]).await
}

fn facet<'a>(found: &'a SearchResponse, name: &str) -> Vec<(&'a str, i32)> {
    let facets = found.facets.iter().filter(|facet| facet.name == name);
    facets.flat_map(|facet| &facet.values).map(|value| (value.value.as_str(), value.count)).collect()
}

#[tokio::test]
async fn a_search_answers_products_highlights_and_facets() {
    let shop = shop().await;
    let found = shop.search(words("brass lampp")).await.expect("searches");
    let first = &found.results[0];
    let product = first.product.as_ref().expect("a result has its product");
    assert_eq!((product.product_id.as_str(), product.variants[0].sku.as_str()), ("brass", "SKU-brass"));
    assert_eq!(first.highlights["title"], "<b>Brass</b> <b>lamp</b>");
    assert!(first.score > found.results[1].score);
    assert_eq!((found.total_size, found.next_page_token.as_str()), (2, ""));
    assert_eq!(facet(&found, "brand"), [("Acme", 2)]);
    assert_eq!(facet(&found, "category"), [("lamps", 2)]);
    assert_eq!(facet(&found, "price"), [("2000-5000", 2)]);
    let mug = shop.search(words("mug")).await.expect("searches");
    assert_eq!(mug.results[0].highlights["title"], "Blue &lt;<b>mug</b>&gt;");
}

#[tokio::test]
async fn a_barcode_finds_its_products() {
    assert_eq!(shop().await.ids("04006381333931").await.len(), 3);
}

#[tokio::test]
async fn filters_and_orders_are_those_of_the_contract() {
    let shop = shop().await;
    let filtered = |filter: &str| SearchRequest { filter: filter.into(), ..words("lamp") };
    let found = shop
        .search(filtered(r#"brand = "acme" AND attributes.colour = red AND price < 5000"#))
        .await
        .expect("searches");
    assert_eq!(found.total_size, 2);
    assert_eq!(shop.search(filtered("brand = Other")).await.expect("searches").total_size, 0);
    for filter in ["seller_id = x", "brand", "brand = \"x", "price >= -1", "brand = a OR brand = b"] {
        let refused = shop.search(filtered(filter)).await.expect_err("refused");
        assert_eq!(reason(&refused), "INVALID_FILTER", "{filter}");
        assert!(testkit::facts(&refused).contains_key("position"));
    }
    for order_by in ["relevance", "price", "price desc", "newest", "rating"] {
        let found = shop.search(SearchRequest { order_by: order_by.into(), ..words("lamp") }).await.expect("searches");
        assert_eq!(found.results.len(), 2, "{order_by}");
    }
    let refused =
        shop.search(SearchRequest { order_by: "seller_id".into(), ..words("lamp") }).await.expect_err("refused");
    assert_eq!(reason(&refused), "INVALID_ORDER_BY");
    assert_eq!(testkit::facts(&refused)["allowed"], "relevance, price, price desc, newest, rating");
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let shop = shop().await;
    let page = |page_token: String| SearchRequest { page_size: 2, page_token, ..words("") };
    let first = shop.search(page(String::new())).await.expect("searches");
    assert_eq!((first.results.len(), first.total_size), (2, 3));
    let second = shop.search(page(first.next_page_token.clone())).await.expect("searches");
    assert_eq!((second.results.len(), second.next_page_token.as_str()), (1, ""));

    for page_token in ["x".to_owned(), first.next_page_token.clone() + "A"] {
        assert_eq!(reason(&shop.search(page(page_token)).await.expect_err("refused")), "INVALID_PAGE_TOKEN");
    }
    for other in [words("lamp"), SearchRequest { filter: "brand = Acme".into(), ..words("") }] {
        let other = SearchRequest { page_token: first.next_page_token.clone(), ..other };
        assert_eq!(reason(&shop.search(other).await.expect_err("another search")), "INVALID_PAGE_TOKEN");
    }
}

#[tokio::test]
async fn field_rules_hold() {
    let shop = shop().await;
    let refused = shop.search(SearchRequest { page_size: -1, ..words(&"x".repeat(257)) }).await.expect_err("refused");
    assert_eq!(reason(&refused), "INVALID_REQUEST");
    let mut fields = violations(&refused);
    fields.sort();
    assert_eq!(fields, ["pageSize", "query"]);
    let all = shop.search(SearchRequest { page_size: 1000, ..words("") }).await.expect("larger pages are clamped");
    assert_eq!(all.results.len(), 3);
}

#[tokio::test]
async fn hostile_words_are_words() {
    let shop = shop().await;
    for query in [
        "*",
        "id:*",
        "title:lamp",
        "[* TO *]",
        "a^1e38",
        "-(",
        "\"lamp\"~999999",
        "lamp~2",
        "AND OR NOT",
        "((((((((((((",
        "_all:*",
        "live:1",
        "/.*/",
        "{!func}",
        "\u{0}\u{1f}",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
    ] {
        let found = shop.search(words(query)).await.unwrap_or_else(|status| panic!("{query}: {status}"));
        assert!(found.results.iter().all(|result| result.score.is_finite()), "{query}");
    }
    assert_eq!(shop.ids("lamp* -brass").await[0], "brass", "signs mean nothing");
}
