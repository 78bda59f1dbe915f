//! Nobody can talk to the engine: every text is words.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn shop() -> Shelf {
    let mut draft = product("draft", "Confidential lamp");
    draft.status = Status::Draft.into();
    let mut lamp = product("lamp", "Brass lamp").described("Cost price: see ledger").brand("Acme");
    lamp.seller_id = "0190b2a0-seller".into();
    Shelf::of([lamp, product("mug", "Mug with id:lamp printed on it"), draft])
}

#[test]
fn query_syntax_is_words() {
    let shelf = shop();
    let everything = shelf.search("").1.total_size;
    for query in ["*", "?", "\"", "-(", "()", "&& || !", "^", "~"] {
        assert_eq!(shelf.search(query).1.total_size, everything, "{query}: no word at all");
    }
    for query in [
        "[* TO *]",
        "{a TO z}",
        "a^1e38",
        "lamp^1e38",
        "\"lamp\"~999999",
        "lamp~2",
        "+lamp -mug",
        "lamp AND NOT mug",
        "/la.*p/",
    ] {
        let (_, found) = shelf.search(query);
        assert!(found.results.iter().all(|result| result.score.is_finite() && result.score < 100.0), "{query}");
    }
    assert_eq!(shelf.ids("title:lamp").first().map(String::as_str), Some("lamp"));
    assert_eq!(shelf.ids("id:lamp").first().map(String::as_str), Some("mug"), "what is printed on it");
    assert_eq!(shelf.ids("id:*"), shelf.ids("id"));
}

#[test]
fn hidden_fields_and_drafts_cannot_be_reached() {
    let shelf = shop();
    for query in
        ["live:1", "version:1", "etag:1", "confidential", "status:DRAFT", "seller_id:0190b2a0-seller", "0190b2a0"]
    {
        let (ids, _) = shelf.search(query);
        assert!(!ids.contains(&"draft".to_owned()), "{query}");
        assert!(ids.is_empty() || query.contains("seller"), "{query}: {ids:?}");
    }
}

#[test]
fn long_queries_take_no_longer() {
    let shelf = shop();
    let hostile = [
        "(".repeat(5000),
        "lamp ".repeat(20_000),
        (0..100_000).map(|n| format!("w{n} ")).collect(),
        "a".repeat(1_000_000),
        "\"".repeat(100_000),
        "lampp ".repeat(16),
        "abcdefgh bcdefghi cdefghij defghijk efghijkl fghijklm ghijklmn hijklmno ijklmnop jklmnopq klmnopqr".into(),
        "ﷺ".repeat(256),
        "\u{0}\u{1f}brand\u{1f}acme".into(),
        "e\u{301}".repeat(200),
    ];
    for query in hostile {
        let begun = Instant::now();
        shelf.search(&query);
        shelf.index.suggest(&query, 10).expect("suggests");
        let shown: String = query.chars().take(20).collect();
        assert!(begun.elapsed() < Duration::from_secs(2), "{shown}: {:?}", begun.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_product_and_no_query_panics(title in "\\PC{0,60}", description in "\\PC{0,300}", query in "\\PC{0,60}") {
        let shelf = Shelf::of([product("one", &title).described(&description).brand(&query).attribute(&query, &title)]);
        for query in [query.as_str(), title.as_str()] {
            for result in shelf.search(query).1.results {
                for html in result.highlights.values() {
                    let text = html.replace("<b>", "").replace("</b>", "");
                    prop_assert!(!text.contains(['<', '>', '"', '\'']), "{html}");
                }
            }
            shelf.index.suggest(query, 10).expect("suggests");
        }
    }
}
