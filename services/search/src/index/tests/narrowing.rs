use ultramarket_api::search::v1::Facet;

use super::*;

fn shirts() -> Shelf {
    let shirt = |id: &str, brand: &str, colour: &str, minor: i64| {
        product(id, "Cotton shirt").brand(brand).attribute("colour", colour).category("shirts").priced(minor)
    };
    Shelf::of([
        shirt("a", "Acme", "Red", 900),
        shirt("b", "Acme", "Blue", 1900),
        shirt("c", "Bolt", "Red", 2900),
        shirt("d", "Bolt", "Green", 7900),
        product("mug", "Mug").brand("Acme").attribute("colour", "Red"),
    ])
}

fn values(facets: &[Facet], name: &str) -> Vec<(String, i32)> {
    let facet = facets.iter().find(|facet| facet.name == name);
    facet.into_iter().flat_map(|facet| &facet.values).map(|value| (value.value.clone(), value.count)).collect()
}

fn counted(pairs: &[(&str, i32)]) -> Vec<(String, i32)> {
    pairs.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
}

#[test]
fn filters_are_joined_by_and_and_values_by_or() {
    let shelf = shirts();
    assert_eq!(shelf.filtered("shirt", "brand = acme"), ["a", "b"]);
    assert_eq!(shelf.filtered("shirt", "brand = Acme AND attributes.colour = Red"), ["a"]);
    assert_eq!(
        shelf.filtered("shirt", r#"brand = "Acme" AND brand = "Bolt" AND price >= 1900 AND price < 7900"#),
        ["b", "c"]
    );
    assert_eq!(shelf.filtered("", "attributes.Colour = red"), ["a", "c", "mug"]);
    assert_eq!(
        shelf.filtered("shirt", "category = shirts AND price = 500-1000 AND price = \"5000-10000\""),
        ["a", "d"]
    );
    assert_eq!(shelf.filtered("shirt", "brand = nobody"), Vec::<String>::new());
}

#[test]
fn a_groups_own_restriction_does_not_shrink_its_own_counts() {
    let shelf = shirts();
    let facets = shelf.search_by("shirt", "brand = Acme", Order::Relevance).1.facets;
    assert_eq!(values(&facets, "brand"), counted(&[("Acme", 2), ("Bolt", 2)]));
    assert_eq!(values(&facets, "attributes.colour"), counted(&[("Blue", 1), ("Red", 1)]));
    assert_eq!(values(&facets, "price"), counted(&[("500-1000", 1), ("1000-2000", 1)]));

    let facets = shelf.search_by("shirt", "brand = Acme AND price < 1000", Order::Relevance).1.facets;
    assert_eq!(values(&facets, "brand"), counted(&[("Acme", 1)]));
    assert_eq!(values(&facets, "price"), counted(&[("500-1000", 1), ("1000-2000", 1)]));
    assert_eq!(values(&facets, "attributes.colour"), [], "one value narrows nothing");
}

#[test]
fn counts_are_what_selecting_the_value_finds() {
    let shelf = shirts();
    for filter in ["", "brand = Acme", "attributes.colour = Red AND price >= 1000", "price = 500-1000"] {
        let facets = shelf.search_by("shirt", filter, Order::Relevance).1.facets;
        for facet in &facets {
            let others: Vec<&str> =
                filter.split(" AND ").filter(|part| !part.is_empty() && !part.starts_with(&facet.name)).collect();
            for value in &facet.values {
                let condition = format!("{} = \"{}\"", facet.name, value.value);
                let selected = others.iter().copied().chain([condition.as_str()]).collect::<Vec<_>>().join(" AND ");
                let found = shelf.search_by("shirt", &selected, Order::Relevance).1.total_size;
                assert_eq!(found, value.count, "{selected}");
            }
        }
    }
}

#[test]
fn case_makes_no_other_value() {
    let shirt = |id: &str, name: &str, colour: &str| product(id, "Shirt").attribute(name, colour);
    let shelf = Shelf::of([
        shirt("a", "colour", "Red"),
        shirt("b", "Colour", "red"),
        shirt("c", "colour", "Red"),
        shirt("d", "colour", "Blue"),
    ]);
    let facets = shelf.search_by("shirt", "attributes.COLOUR = RED", Order::Relevance).1.facets;
    assert_eq!(values(&facets, "attributes.colour"), counted(&[("Red", 3), ("Blue", 1)]));
    assert_eq!(shelf.filtered("shirt", "attributes.Colour = red"), ["a", "b", "c"]);
}

#[test]
fn only_what_the_contract_names_can_be_probed() {
    let mut secret = product("secret", "Secret");
    secret.seller_id = "seller-4711".into();
    let shelf = Shelf::of([secret]);
    for filter in ["seller_id = seller-4711", "product_id = secret", "live = 1", "etag = 1", "version = 1"] {
        assert!(Filter::parse(filter).is_err(), "{filter}");
    }
    assert_eq!(shelf.ids("seller-4711"), Vec::<String>::new());
    assert_eq!(shelf.filtered("", "attributes.live = 1"), Vec::<String>::new());
}

#[test]
fn orders_put_products_without_a_price_last() {
    let mut free = product("none", "Cotton shirt");
    free.price = None;
    let shelf = shirts();
    shelf.put([free], 1);
    assert_eq!(shelf.search_by("shirt", "", Order::Price).0, ["a", "b", "c", "d", "none"]);
    assert_eq!(shelf.search_by("shirt", "", Order::PriceDescending).0, ["d", "c", "b", "a", "none"]);
}

#[test]
fn the_newest_came_to_market_last() {
    let dated = |id: &str, date: &str| Product { release_date: date.into(), ..product(id, "Phone") };
    let created = Product {
        create_time: Some(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 }),
        ..product("created", "Phone")
    };
    let shelf = Shelf::of([dated("old", "1999-12-31"), created, dated("new", "2024-02-29")]);
    assert_eq!(shelf.search_by("phone", "", Order::Newest).0, ["new", "created", "old"]);
}

#[test]
fn pages_neither_repeat_nor_skip() {
    let shelf = Shelf::of((0..45).map(|n| product(&format!("{n:02}"), "Grey pen").priced(n % 3)));
    for order in [Order::Relevance, Order::Price, Order::Newest] {
        let filter = Filter::default();
        let page = |offset| {
            let request = Request { query: "pen", filter: &filter, order, offset, limit: 10 };
            shelf.index.search(&request).expect("searches").results
        };
        let mut ids: Vec<String> =
            (0..6).flat_map(|number| page(number * 10)).filter_map(|r| Some(r.product?.product_id)).collect();
        assert_eq!(ids.len(), 45);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 45, "{order:?}");
    }
}
