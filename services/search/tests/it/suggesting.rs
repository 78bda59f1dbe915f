use testkit::{reason, violations};
use ultramarket_api::search::v1::{SuggestRequest, suggestion::Kind};

use crate::harness::Shop;

#[tokio::test]
async fn what_somebody_types_is_completed() {
    let shop = Shop::selling(&[("brass", "Brass lamp"), ("steel", "Steel lamp stand")]).await;
    let suggest = async |query: &str, page_size: i32| {
        let request = SuggestRequest { query: query.into(), page_size };
        let reply = shop.client.clone().suggest(request).await.expect("suggests").into_inner();
        reply.suggestions.into_iter().map(|suggestion| (suggestion.kind(), suggestion.text)).collect::<Vec<_>>()
    };
    let found = suggest("lam", 0).await;
    assert_eq!(found[0], (Kind::Category, "lamps".into()));
    assert!(found.contains(&(Kind::Query, "lamp".into())) && found.contains(&(Kind::Product, "Brass lamp".into())));
    assert_eq!(suggest("ac", 0).await, [(Kind::Brand, "Acme".into()), (Kind::Query, "acme".into())]);
    assert_eq!(suggest("lam", 1).await.len(), 1);
    assert_eq!(suggest("zzzz", 0).await, []);
}

#[tokio::test]
async fn field_rules_hold() {
    let shop = Shop::selling(&[("brass", "Brass lamp")]).await;
    let suggest = async |query: String, page_size: i32| {
        shop.client.clone().suggest(SuggestRequest { query, page_size }).await.expect_err("refused")
    };
    let refused = suggest(String::new(), -1).await;
    assert_eq!(reason(&refused), "INVALID_REQUEST");
    assert_eq!(violations(&refused).len(), 2);
    assert_eq!(violations(&suggest("x".repeat(257), 0).await), ["query"]);
}
