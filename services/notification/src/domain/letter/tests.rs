use super::*;

fn house() -> House {
    House { shop_name: "UltraMarket".into(), public_url: "https://shop.example".into() }
}

fn order() -> Order {
    let usd = "USD".parse().expect("a currency");
    Order {
        order_id: "o".into(),
        number: "UM-7F3K-92QD".into(),
        account_id: None,
        email: "ann@example.com".into(),
        name: "Ann Lee".into(),
        address: vec!["Ann Lee".into(), "Main St 1".into(), String::new(), "10115 Berlin".into()],
        items: vec![
            Item { title: "Desk lamp".into(), quantity: 2, total: Some(Money::new(usd, 3998)) },
            Item { title: "Bulb\r\nE27".into(), quantity: 10, total: Some(Money::new(usd, 1000)) },
        ],
        total: Some(Money::new(usd, 4998)),
        cancelled_for: String::new(),
        refunded: false,
    }
}

#[test]
fn an_order_is_confirmed_with_its_lines() {
    let letter = house().order_confirmation(order());
    insta::assert_snapshot!(format!("{}\n\n{}", letter.subject, letter.body), @r"
    Your order UM-7F3K-92QD is confirmed

    Hello Ann Lee,

    thank you for your order UM-7F3K-92QD. It is paid, and we are getting it
    ready.

      2 x Desk lamp  39.98 USD
      10 x Bulb E27  10.00 USD

    Total: 49.98 USD

    It goes to:
      Ann Lee
      Main St 1
      10115 Berlin

    UltraMarket
    https://shop.example
    ");
    assert_eq!((letter.email.as_deref(), letter.order_id.as_str()), (Some("ann@example.com"), "o"));
}

#[test]
fn a_cancellation_says_why_and_where_the_money_is() {
    let letter =
        house().order_cancelled(Order { cancelled_for: "PAYMENT_DECLINED".into(), refunded: false, ..order() });
    assert!(letter.body.contains("cancelled: the payment did not go through.\nYou have not been charged."));
    let letter = house().order_cancelled(Order { cancelled_for: "NEW_REASON".into(), refunded: true, ..order() });
    assert!(letter.body.contains("it could not be completed.\nWhat you have paid goes back"), "{}", letter.body);
}

#[test]
fn the_token_of_a_reset_is_only_in_what_is_sent() {
    let noon = Timestamp::from_micros(12 * 3_600_000_000 + 34 * 60_000_000);
    let letter = house().password_reset("a".into(), "ann@example.com".into(), "Ann", "s3cret", Some(noon));
    assert!(!letter.subject.contains("s3cret") && !letter.body.contains("s3cret"));
    assert!(letter.body.contains(NOT_SHOWN));
    let sent = letter.secret_body.expect("differs from what is shown");
    assert!(sent.contains("https://shop.example/reset-password#token=s3cret\n") && sent.contains("\ns3cret\n"));
    assert!(sent.contains("until 12:34 UTC."));
}

#[test]
fn names_are_neither_headers_nor_templates_nor_links() {
    for name in ["Ann\r\nBcc: everybody@example.com", "{{public_url}}", "{{token}}", "http://evil.example"] {
        let letter = house().welcome("a".into(), "ann@example.com".into(), name);
        assert_eq!(letter.subject, "Welcome to UltraMarket");
        let greeted = letter.body.lines().next().expect("a line");
        assert!(["Hello there,", "Hello {{public_url}},", "Hello {{token}},"].contains(&greeted), "{greeted}");
    }
    let letter = house().seller_approved("a".into(), "Ann", "Lamps\n\n--\nBcc: x {{shop}}");
    assert!(letter.body.contains("your shop \"Lamps -- Bcc: x {{shop}}\" at"), "{}", letter.body);
}
