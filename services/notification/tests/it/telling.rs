//! Which event tells whom what.

use testkit::eventually;
use ultramarket_api::{
    notification::v1::{
        Preferences,
        notification::{Channel, Status},
    },
    order::v1::{Order, OrderItem},
};

use crate::desk::{Desk, ORDER_ID, declined, order};

#[tokio::test]
async fn who_signs_up_is_welcomed() {
    let desk = Desk::open().await;
    desk.registered("Ann Lee").await;
    let mail = desk.one_mail().await;
    assert!(mail.contains("To: ann@example.com\r\n") && mail.contains("Hello Ann Lee,\r\n"), "{mail}");
    let [welcome] = &desk.notifications().await[..] else { panic!("there is one") };
    assert_eq!((welcome.template.as_str(), welcome.status()), ("welcome-v1", Status::Sent));
    assert_eq!(welcome.subject, "Welcome to UltraMarket");
}

#[tokio::test]
async fn a_confirmed_order_is_confirmed_by_mail() {
    let desk = Desk::open().await;
    desk.confirmed(order(), &desk.ann.id).await;
    let mail = desk.one_mail().await;
    assert!(mail.contains("Subject: Your order UM-7F3K-92QD is confirmed\r\n"), "{mail}");
    assert!(mail.contains("  2 x Desk lamp  39.98 USD\r\n") && mail.contains("Total: 39.98 USD\r\n"), "{mail}");
    let [confirmation] = &desk.notifications().await[..] else { panic!("there is one") };
    assert_eq!(confirmation.template, "order-confirmation-v1");
    assert_eq!((confirmation.status(), confirmation.channel()), (Status::Sent, Channel::Email));
    assert_eq!((confirmation.order_id.as_str(), confirmation.read), (ORDER_ID, false));
    assert!(confirmation.send_time.is_some() && confirmation.body.contains("10115 Berlin"));
}

#[tokio::test]
async fn a_cancelled_order_says_why() {
    let desk = Desk::open().await;
    desk.cancelled(declined(), &desk.ann.id).await;
    let mail = desk.one_mail().await;
    assert!(mail.contains("the payment did not go through.\r\nYou have not been charged.\r\n"), "{mail}");
    assert_eq!(desk.notifications().await[0].template, "order-cancelled-v1");
}

#[tokio::test]
async fn a_guest_is_told_at_the_address_of_the_order() {
    let desk = Desk::open().await;
    desk.confirmed(Order { email: "guest@example.org".into(), ..order() }, "").await;
    assert!(desk.one_mail().await.contains("To: guest@example.org\r\n"));
    assert!(desk.notifications().await.is_empty(), "nobody else sees it");
}

#[tokio::test]
async fn a_seller_is_told_even_when_the_address_comes_later() {
    let desk = Desk::open().await;
    desk.seller_approved("Ann's lamps").await;
    eventually("the postman to have tried", || async {
        (desk.count("deliveries WHERE attempts > 0").await == 1).then_some(())
    })
    .await;
    assert!(desk.mail().is_empty());
    desk.registered("Ann").await;
    eventually("both mails to be sent", || async {
        (desk.count("deliveries WHERE status = 'sent'").await == 2).then_some(())
    })
    .await;
    assert!(desk.mail().iter().any(|mail| mail.contains("your shop \"Ann's lamps\" at UltraMarket is approved")));
}

#[tokio::test]
async fn the_token_of_a_reset_is_in_the_mail_and_nowhere_else() {
    let desk = Desk::open().await;
    let none = Preferences { order_email: false, ..Preferences::default() };
    desk.update(none, &["order_email", "marketing_email"]).await.expect("changes");
    desk.reset_requested("s3cret-t0ken", 3600).await;
    let mail = desk.one_mail().await;
    assert!(mail.contains("\r\ns3cret-t0ken\r\n") && mail.contains("#token=s3cret-t0ken\r\n"), "{mail}");
    let [reset] = &desk.notifications().await[..] else { panic!("there is one") };
    assert_eq!((reset.template.as_str(), reset.status()), ("password-reset-v1", Status::Sent));
    assert!(!format!("{reset:?}").contains("s3cret"));
    let kept = "deliveries WHERE subject LIKE '%s3cret%' OR body LIKE '%s3cret%' OR secret_body IS NOT NULL";
    assert_eq!(desk.count(kept).await, 0);
}

#[tokio::test]
async fn who_wants_no_mail_about_orders_gets_none() {
    let desk = Desk::open().await;
    desk.update(Preferences::default(), &["order_email"]).await.expect("changes");
    desk.confirmed(order(), &desk.ann.id).await;
    desk.registered("Ann").await;
    assert!(desk.one_mail().await.contains("Subject: Welcome"));
    let statuses: Vec<_> =
        desk.notifications().await.iter().map(|told| (told.template.clone(), told.status())).collect();
    assert!(statuses.contains(&("order-confirmation-v1".into(), Status::Suppressed)), "{statuses:?}");
}

#[tokio::test]
async fn an_event_is_told_once_however_often_it_comes() {
    let desk = Desk::open().await;
    let event = desk.confirmed(order(), &desk.ann.id).await;
    for _ in 0..3 {
        desk.kit.publish_message(&event).await;
    }
    desk.one_mail().await;
    assert_eq!(desk.count("deliveries").await, 1);
}

#[tokio::test]
async fn hostile_texts_are_only_text() {
    let desk = Desk::open().await;
    desk.registered("Ann\r\nBcc: everybody@example.com\r\n\r\n<script>{{shop}}").await;
    let item = OrderItem { title: "Lamp\r\nBcc: x@example.com {{total}}".into(), quantity: 1, ..OrderItem::default() };
    let hostile = Order {
        number: "UM\r\nBcc: y@example.com".into(),
        email: "ann@example.com\r\nBcc: z@example.com".into(),
        items: vec![item],
        ..order()
    };
    desk.confirmed(Order { email: "ann@example.com".into(), ..hostile.clone() }, &desk.ann.id).await;
    desk.confirmed(hostile, &desk.ann.id).await;
    eventually("two mails are sent and one is refused", || async {
        let sent = desk.count("deliveries WHERE status = 'sent'").await;
        let failed = desk.count("deliveries WHERE status = 'failed'").await;
        ((sent, failed) == (2, 1)).then_some(())
    })
    .await;
    for mail in desk.mail() {
        assert!(!mail.lines().any(|line| line.starts_with("Bcc")), "{mail}");
    }
}
