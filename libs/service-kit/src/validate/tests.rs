use prost::Message;
use ultramarket_api::{cart, catalog, identity, order, r#type};

use crate::Contract;

fn problems<M: Message + prost::Name>(message: &M) -> Vec<String> {
    let violations = Contract::ultramarket().validate(message).err().unwrap_or_default();
    violations.into_iter().map(|violation| format!("{}: {}", violation.field, violation.description)).collect()
}

#[test]
fn all_violations_come_at_once_with_their_paths() {
    let request = order::v1::PlaceOrderRequest {
        shipping_address: Some(r#type::v1::Address {
            name: "Ann".into(),
            line1: "x".repeat(201),
            country_code: "de".into(),
            ..Default::default()
        }),
        payment_token: "4111 1111".into(),
        expected_total: Some(r#type::v1::Money { currency_code: "US".into(), amount_minor: 1 }),
        email: "nobody".into(),
    };
    assert_eq!(
        problems(&request),
        [
            "shippingAddress.line1: must have at most 200 characters",
            "shippingAddress.countryCode: must match ^[A-Z]{2}$",
            "shippingAddress.city: is required",
            "paymentToken: must match ^[A-Za-z][A-Za-z0-9_.-]*$",
            "expectedTotal.currencyCode: must match ^[A-Z]{3}$",
            "email: must be an e-mail address",
        ]
    );
}

#[test]
fn a_field_without_presence_is_checked_when_absent_unless_its_zero_is_ignored() {
    assert_eq!(problems(&cart::v1::AddItemRequest { sku: "a".into(), quantity: 0 }), ["quantity: must be at least 1"]);
    let order = order::v1::PlaceOrderRequest::default();
    assert_eq!(problems(&order), ["shippingAddress: is required", "paymentToken: is required"]);
}

#[test]
fn lists_maps_and_their_parts_are_checked() {
    let product = catalog::v1::Product {
        title: "x".into(),
        attributes: [("colour".to_owned(), "x".repeat(4001)), (String::new(), "x".into())].into(),
        variants: vec![
            catalog::v1::Variant { sku: "ok".into(), ..Default::default() },
            catalog::v1::Variant { gtins: vec!["12345678".into(), "12".into()], ..Default::default() },
        ],
        status: 7,
        ..Default::default()
    };
    assert_eq!(
        problems(&product),
        [
            "attributes[\"\"]: key must have at least 1 characters",
            "attributes[\"colour\"]: must have at most 4000 characters",
            "variants[1].gtins[1]: must match ^[0-9]{8,14}$",
            "status: is not a known value",
        ]
    );
    let roles = identity::v1::SetRolesRequest { account_id: "x".into(), roles: vec![1, 0, 9] };
    assert_eq!(
        problems(&roles),
        ["accountId: must be a UUID", "roles[1]: must be specified", "roles[2]: is not a known value"]
    );
    let none =
        identity::v1::SetRolesRequest { account_id: "0198f2a5-7e6c-7000-8000-000000000000".into(), roles: vec![] };
    assert_eq!(problems(&none), ["roles: must have at least 1 items"]);
}

#[test]
fn bytes_that_are_no_message_are_refused_without_panic() {
    let contract = Contract::ultramarket();
    let name = "ultramarket.order.v1.PlaceOrderRequest";
    let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    });
    for bytes in [&[0x0a, 0xff][..], &[0x08], &[0x00, 0x00], &[0x0b], &[0xff; 20], &[0x12, 0x02, 0xc3, 0x28], &deep] {
        assert!(contract.validate_encoded(name, bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn the_email_rule_is_that_of_the_html_standard() {
    for (email, good) in
        [("ann@example.com", true), ("a.b+c@x-y.example", true), ("a@b@c", false), ("a@", false), ("ä@x", false)]
    {
        let request = identity::v1::RegisterRequest {
            email: email.into(),
            password: "correct horse battery".into(),
            display_name: String::new(),
        };
        assert_eq!(problems(&request).is_empty(), good, "{email}");
    }
}
