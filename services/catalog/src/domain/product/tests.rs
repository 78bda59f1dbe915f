use super::*;

fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money { currency_code: "USD".into(), amount_minor })
}

fn variant(sku: &str, price: Option<Money>) -> pb::Variant {
    pb::Variant { sku: sku.into(), price, ..Default::default() }
}

fn fields(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(violations) => violations.into_iter().map(|violation| violation.field).collect(),
        other => panic!("{other:?} is no violation"),
    }
}

#[test]
fn a_product_without_variants_gets_one_at_its_price() {
    let product = complete(pb::Product { title: " Cup\t".into(), price: usd(250), ..Default::default() });
    let mut product = product.expect("is complete");
    assert_eq!(product.title, "Cup");
    assert_eq!(product.variants, [variant("", usd(250))]);
    publish_unless_said(&mut product);
    assert_eq!(product.status(), pb::product::Status::Published);
}

#[test]
fn the_price_of_a_product_is_that_of_its_first_variant() {
    let variants = vec![variant("A", usd(300)), variant("B", None)];
    let product = complete(pb::Product { title: "Cup".into(), price: usd(250), variants, ..Default::default() });
    let product = product.expect("is complete");
    assert_eq!(product.price, usd(300));
    assert_eq!(product.variants[1].price, usd(250));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let product = pb::Product {
        title: "\n".into(),
        release_date: "2023-02-29".into(),
        images: vec!["https://a/b.png".into(), "javascript:alert(1)".into()],
        variants: vec![variant("A", None), variant("A", usd(-1))],
        ..Default::default()
    };
    assert_eq!(
        fields(complete(product).expect_err("is refused")),
        [
            "product.title",
            "product.releaseDate",
            "product.images[1]",
            "product.variants[0].price",
            "product.variants[1].price.amountMinor",
            "product.variants[1].sku"
        ]
    );
}

#[test]
fn a_product_without_a_price_is_told_once() {
    let product = pb::Product { title: "Cup".into(), ..Default::default() };
    assert_eq!(fields(complete(product).expect_err("is refused")), ["product.price"]);
}

#[test]
fn a_product_that_no_event_could_carry_is_refused() {
    let attributes = (0..200).map(|number| (format!("attribute {number}"), "x".repeat(4000))).collect();
    let product = pb::Product { title: "Cup".into(), price: usd(1), attributes, ..Default::default() };
    assert_eq!(fields(complete(product).expect_err("is refused")), ["product"]);
}

#[test]
fn all_variants_have_one_known_currency() {
    let eur = Some(Money { currency_code: "EUR".into(), amount_minor: 1 });
    let of = |variants| complete(pb::Product { title: "Cup".into(), variants, ..Default::default() });
    let mixed = of(vec![variant("A", usd(1)), variant("B", eur)]);
    assert!(matches!(mixed, Err(Error::CurrencyMismatch { .. })), "{mixed:?}");
    let unknown = of(vec![variant("A", Some(Money { currency_code: "XXX".into(), amount_minor: 1 }))]);
    assert!(matches!(unknown, Err(Error::InvalidCurrency { .. })), "{unknown:?}");
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (date, exists) in [
        ("2024-02-29", true),
        ("2023-02-29", false),
        ("1900-02-29", false),
        ("2024-04-31", false),
        ("2024-00-10", false),
    ] {
        assert_eq!(is_date(date), exists, "{date}");
    }
}

#[test]
fn what_can_be_bought_names_product_and_variant() {
    let product = pb::Product {
        title: "Shirt".into(),
        images: vec!["/a.png".into(), "/b.png".into()],
        variants: vec![
            pb::Variant { sku: "S-RED".into(), title: "Red".into(), ..Default::default() },
            variant("S", usd(1)),
        ],
        ..Default::default()
    };
    let red = saleable(&product, "S-RED").expect("is for sale");
    assert_eq!((red.title.as_str(), red.image.as_str()), ("Shirt, Red", "/a.png"));
    assert_eq!(saleable(&product, "S").expect("is for sale").title, "Shirt");
    assert!(saleable(&product, "X").is_none());
}
