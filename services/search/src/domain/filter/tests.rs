use proptest::prelude::*;

use super::*;

fn values(filter: &Filter) -> Vec<(&str, Vec<&str>)> {
    filter.values.iter().map(|(name, all)| (name.as_str(), all.iter().map(String::as_str).collect())).collect()
}

fn message(text: &str) -> String {
    Filter::parse(text).expect_err("does not parse").to_string()
}

#[test]
fn the_example_of_the_contract_parses() {
    let text =
        r#"brand = "HP" AND category = "laptops" AND price >= 10000 AND price < 50000 AND attributes.colour = "red""#;
    let filter = Filter::parse(text).expect("parses");
    assert_eq!(
        values(&filter),
        [("brand", vec!["HP"]), ("category", vec!["laptops"]), ("attributes.colour", vec!["red"])]
    );
    assert_eq!(filter.price, Some(Price { bounds: 10_000..50_000, alternatives: vec![] }));
}

#[test]
fn several_values_of_one_name_are_alternatives() {
    let filter =
        Filter::parse(r#"brand="HP" AND brand = Dell AND price = "0-1000" AND price=2000-5000"#).expect("parses");
    assert_eq!(values(&filter), [("brand", vec!["HP", "Dell"])]);
    let price = filter.price.expect("restricts the price");
    let inside: Vec<i64> = [0, 999, 1000, 1999, 2000, 4999, 5000].into_iter().filter(|p| price.contains(*p)).collect();
    assert_eq!(inside, [0, 999, 2000, 4999]);
}

#[test]
fn names_of_attributes_may_have_spaces_and_signs() {
    let filter =
        Filter::parse(r#"attributes.product colour = "Black" AND attributes."a=\"b\"" = "\\x""#).expect("parses");
    assert_eq!(values(&filter), [("attributes.product colour", vec!["Black"]), ("attributes.a=\"b\"", vec!["\\x"])]);
    for name in ["brand", "attributes.product colour", "attributes.a=\"b\"", "attributes. \\ "] {
        let filter = Filter::parse(&format!("{} = x", written(name))).expect("parses");
        assert_eq!(values(&filter), [(name, vec!["x"])]);
    }
}

#[test]
fn an_empty_filter_restricts_nothing() {
    assert_eq!(Filter::parse("  "), Ok(Filter::default()));
}

#[test]
fn errors_say_where_and_what() {
    assert_eq!(
        message("seller_id = 1"),
        "character 1: \"seller_id\" is none of brand, category, price and attributes.<name>"
    );
    assert_eq!(message("brand > HP"), "character 1: everything but price can only be compared by =");
    assert_eq!(message("brand = \"HP"), "character 9: the quotation is not closed");
    assert_eq!(message("brand = HP OR brand = Dell"), "character 12: AND expected");
    assert_eq!(message("brand = HP AND"), "character 15: a name expected");
    assert_eq!(
        message("brand HP"),
        "character 1: \"brand HP\" is none of brand, category, price and attributes.<name>"
    );
    assert_eq!(message("brand = "), "character 9: a value, in quotation marks unless it is one word expected");
    assert_eq!(
        message("price >= 10.5"),
        "character 10: a whole number of minor units, or = and a range of them expected"
    );
    assert_eq!(message("price == 10"), "character 7: one of =, <, <=, > and >= expected");
    assert_eq!(message(&vec!["brand = a"; 51].join(" AND ")), "character 701: more than 50 conditions");
}

#[test]
fn query_syntax_of_the_engine_is_no_filter() {
    for text in [
        "*",
        "brand:HP",
        "brand = [* TO *]",
        "brand = \"a\" OR 1=1",
        "NOT brand = a",
        "(brand = a)",
        "price = -1",
        "price = 99999999999999999999",
        "price >= +5",
        "attributes. = 1",
        "attributes.\"\"\" = 1",
        "= 1",
        "brand = a b",
    ] {
        assert!(Filter::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        drop(Filter::parse(&text));
    }

    #[test]
    fn quoted_values_come_back(value in "\\PC{0,40}") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let filter = Filter::parse(&format!("brand = \"{quoted}\"")).expect("parses");
        prop_assert_eq!(values(&filter), [("brand", vec![value.as_str()])]);
    }
}
