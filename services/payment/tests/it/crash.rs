//! The process ends at the worst moment, and another one goes on from the same files.

use testkit::eventually;
use ultramarket_api::payment::{events::v1::payment_cancelled::Outcome, v1::payment::Status as State};

use crate::shop::{Order, Shop, config, usd};

/// A shop whose calls never come back: they are sent and nothing is stored of them until the process ends.
async fn hanging() -> Shop {
    let mut config = config();
    config.sandbox.lost_answer_ms = 3_600_000;
    config.sandbox.slow_ms = 3_600_000;
    Shop::with(config).await
}

async fn sent(shop: &Shop, order: &Order, operation: &str) {
    let rows = format!("attempts WHERE key = 'ord:{}:1:{operation}' AND state = 'sent'", order.order_id);
    eventually("the call is sent", || async { (shop.count(&rows).await == 1).then_some(()) }).await;
}

#[tokio::test]
async fn a_call_that_was_charged_but_not_stored_is_found_and_not_made_again() {
    let shop = hanging().await;
    let order = shop.order();
    shop.authorize(&order, "tok_timeout_after").await;
    sent(&shop, &order, "authorize").await;
    eventually("the provider holds the money", || async {
        (shop.at_the_provider(&order, "authorized").await == 1).then_some(())
    })
    .await;

    let mut shop = shop.reopen(config()).await;
    assert_eq!(shop.answers.authorized.next().await.payment_id, order.payment_id);
    assert_eq!(shop.count("sandbox_calls WHERE calls > 1").await, 0, "the provider was asked and not charged");
    shop.capture(&order).await;
    shop.answers.captured.next().await;
}

#[tokio::test]
async fn a_call_that_never_reached_the_provider_is_made_again() {
    for token in ["tok_timeout_before", "tok_slow"] {
        let shop = hanging().await;
        let order = shop.order();
        shop.authorize(&order, token).await;
        sent(&shop, &order, "authorize").await;
        assert_eq!(shop.at_the_provider(&order, "authorized").await, 0);

        let mut shop = shop.reopen(config()).await;
        shop.answers.authorized.next().await;
        assert_eq!(shop.at_the_provider(&order, "authorized").await, 1, "{token}");
    }
}

#[tokio::test]
async fn a_capture_in_doubt_is_settled_before_a_cancellation_is_answered() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_timeout_after").await;
    let mut patient = config();
    patient.sandbox.lost_answer_ms = 3_600_000;
    let shop = shop.reopen(patient).await;
    shop.capture(&order).await;
    sent(&shop, &order, "capture").await;
    shop.cancel(&order).await;

    let mut shop = shop.reopen(config()).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    assert_eq!(shop.reaches(&order, State::Refunded).await.refunded_amount, Some(usd(1999)));
    assert_eq!(shop.at_the_provider(&order, "captured").await, 1);
    assert_eq!(shop.at_the_provider(&order, "refunded").await, 1);
}

#[tokio::test]
async fn what_was_only_stored_is_sent_at_the_next_start() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_visa").await;
    // As if the process had ended right after the command was stored.
    shop.kit.tasks().stopping().cancel();
    shop.capture(&order).await;
    let mut shop = shop.reopen(config()).await;
    shop.answers.captured.next().await;
}

#[tokio::test]
async fn the_secret_of_webhooks_is_made_once() {
    let mut unset = config();
    unset.sandbox.webhook_secret = String::new().into();
    let shop = Shop::with(unset.clone()).await;
    let secret = shop.text("SELECT value FROM sandbox_settings WHERE name = 'webhook_secret'").await;
    assert!(secret.starts_with("whsec_") && secret.len() > 40);
    let shop = shop.reopen(unset).await;
    assert_eq!(shop.text("SELECT value FROM sandbox_settings").await, secret);
}
