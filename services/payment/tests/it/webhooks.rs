//! Reports of the provider: forged, late, early, doubled, reordered, never.

use testkit::eventually;
use ultramarket_api::payment::{events::v1::payment_cancelled::Outcome, v1::payment::Status as State};

use crate::shop::{Order, SECRET, Shop, config, reason, report, sign, usd};

#[tokio::test]
async fn what_the_provider_did_not_sign_is_refused_unread() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_visa").await;
    let body = report("evt_1", &order, "captured", "cap_1", 1999);
    let now = shop.kit.now().unix_seconds();
    for signature in [
        String::new(),
        "nonsense".into(),
        sign("another secret", now, &body),
        sign("", now, &body),
        sign(SECRET, now, &body.replace("1999", "1")),
        sign(SECRET, now - 301, &body),
        sign(SECRET, now + 301, &body),
        sign(SECRET, now, &body).replace("v1", "v0"),
    ] {
        assert_eq!(reason(shop.webhook("sandbox", &signature, &body).await), "INVALID_SIGNATURE", "{signature}");
    }
    let signature = sign(SECRET, now, &body);
    assert_eq!(reason(shop.webhook("stripe", &signature, &body).await), "UNKNOWN_PROVIDER");
    let fat = " ".repeat(256 * 1024 + 1);
    assert_eq!(reason(shop.signed_webhook(&fat).await), "MALFORMED_WEBHOOK");
    assert_eq!(shop.reaches(&order, State::Authorized).await.captured_amount, Some(usd(0)));
}

#[tokio::test]
async fn what_is_signed_and_unreadable_is_malformed() {
    let shop = Shop::open().await;
    let order = shop.order();
    let good = report("evt_1", &order, "captured", "cap_1", 1999);
    for body in [
        String::new(),
        "[]".into(),
        "{}".into(),
        good.replace("1999", "\"1999\""),
        good.replace("1999", "19.99"),
        good.replace("USD", "XXX"),
        good.replace("cap_1", ""),
        good.replace("evt_1", &"e".repeat(256)),
    ] {
        assert_eq!(reason(shop.signed_webhook(&body).await), "MALFORMED_WEBHOOK", "{body}");
    }
}

#[tokio::test]
async fn the_secret_before_holds_while_secrets_change() {
    let mut config = config();
    config.sandbox.webhook_secret = "the new one".to_owned().into();
    config.sandbox.webhook_secret_before = SECRET.to_owned().into();
    let mut shop = Shop::with(config).await;
    let order = shop.authorized("tok_visa").await;
    let body = report("evt_1", &order, "captured", "cap_1", 1999);
    shop.signed_webhook(&body).await.expect("the old secret holds");
    let now = shop.kit.now().unix_seconds();
    shop.webhook("sandbox", &sign("the new one", now, &body), &body).await.expect("the new secret holds");
    assert_eq!(shop.answers.captured.next().await.amount, Some(usd(1999)));
}

#[tokio::test]
async fn what_cannot_be_true_is_acknowledged_and_changes_nothing() {
    let mut shop = Shop::open().await;
    let order = shop.captured("tok_visa").await;
    let before = shop.get(&order).await.expect("exists");
    let other = Order { order_id: shop.order().order_id, ..order.clone() };
    let stranger = shop.order();
    for body in [
        report("evt_1", &order, "captured", "cap_2", 1999),
        report("evt_2", &order, "captured", "cap_2", 1),
        report("evt_3", &order, "refunded", "re_1", 2000),
        report("evt_4", &order, "refunded", "re_1", -1),
        report("evt_5", &order, "refunded", "re_1", 1999).replace("USD", "EUR"),
        report("evt_6", &other, "refunded", "re_1", 1999),
        report("evt_7", &stranger, "captured", "cap_1", 1999),
        report("evt_8", &order, "looked_at", "x", 1999),
    ] {
        shop.signed_webhook(&body).await.expect("is acknowledged");
        assert_eq!(shop.get(&order).await.expect("exists"), before, "{body}");
    }
}

#[tokio::test]
async fn reports_that_repeat_what_is_known_change_nothing() {
    let mut config = config();
    config.sandbox.webhook_delay_ms = 0;
    let mut shop = Shop::with(config).await;
    let order = shop.captured("tok_visa").await;
    eventually("all webhooks are delivered", || async { (shop.count("sandbox_webhooks").await == 0).then_some(()) })
        .await;
    assert_eq!(shop.count("provider_events").await, 2, "authorized and captured, each once");
    assert_eq!(shop.count("attempts").await, 2);
    assert!(shop.answers.authorized.heard().is_empty() && shop.answers.captured.heard().is_empty());
    shop.reaches(&order, State::Captured).await;
}

#[tokio::test]
async fn a_report_that_comes_before_the_answer_decides_and_the_answer_adds_nothing() {
    let mut config = config();
    config.sandbox.webhook_delay_ms = 0;
    config.sandbox.lost_answer_ms = 300;
    let mut shop = Shop::with(config).await;
    let order = shop.authorized("tok_timeout_after").await;
    shop.capture(&order).await;
    shop.answers.captured.next().await;
    assert!(shop.answers.uncertain.heard().is_empty(), "the report was faster than the lost answer");
    eventually("both calls have ended", || async {
        (shop.count("attempts WHERE due_at IS NOT NULL").await == 0).then_some(())
    })
    .await;
    assert_eq!(shop.count("provider_events").await, 2);
}

#[tokio::test]
async fn reports_may_come_in_reverse_five_times_and_hours_late() {
    let mut shop = Shop::open().await;
    let order = shop.captured("tok_visa").await;
    shop.cancel(&order).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    let done = shop.reaches(&order, State::Refunded).await;
    shop.release_webhooks();
    eventually("all webhooks are delivered", || async { (shop.count("sandbox_webhooks").await == 0).then_some(()) })
        .await;
    assert_eq!(shop.get(&order).await.expect("exists"), done);
    assert_eq!(shop.count("provider_events").await, 3);

    let other = shop.order();
    shop.authorize(&other, "tok_3ds").await;
    shop.answers.action_required.next().await;
    for round in 0..5 {
        for event in ["captured", "authorized"] {
            let body = report(&format!("evt_{round}_{event}"), &other, event, &format!("ref_{event}"), 1999);
            shop.signed_webhook(&body).await.expect("is acknowledged");
        }
    }
    let payment = shop.reaches(&other, State::Captured).await;
    assert_eq!(payment.captured_amount, Some(usd(1999)));
    assert_eq!(shop.answers.captured.heard().len(), 1);
}

#[tokio::test]
async fn money_that_is_taken_after_the_cancellation_goes_back() {
    let mut shop = Shop::open().await;
    let order = shop.captured("tok_visa").await;
    let late = Order { order_id: shop.order().order_id, payment_id: shop.order().payment_id };
    shop.authorize(&late, "tok_3ds").await;
    shop.answers.action_required.next().await;
    shop.cancel(&late).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::NothingHeld);
    // The provider took it all the same, and says so late.
    shop.signed_webhook(&report("evt_1", &late, "captured", "cap_late", 1999)).await.expect("is acknowledged");
    let refund = format!("attempts WHERE key = 'ord:{}:1:refund' AND sent_at IS NOT NULL", late.order_id);
    eventually("the refund is asked for", || async { (shop.count(&refund).await == 1).then_some(()) }).await;
    shop.signed_webhook(&report("evt_2", &late, "refunded", "re_late", 1999)).await.expect("is acknowledged");
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    shop.reaches(&late, State::Refunded).await;
    shop.reaches(&order, State::Captured).await;
}

#[tokio::test]
async fn only_the_gateway_and_the_sandbox_may_report() {
    use ultramarket_api::payment::v1::{HandleWebhookRequest, payment_service_client::PaymentServiceClient};
    let shop = Shop::open().await;
    let mut stranger = PaymentServiceClient::new(shop.kit.rpc_as("catalog", payment::NAME));
    let request = HandleWebhookRequest { provider: "sandbox".into(), body: None };
    assert_eq!(reason(stranger.handle_webhook(request).await), "WORKLOAD_NOT_ALLOWED");
}
