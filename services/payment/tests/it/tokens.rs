//! Each token of the sandbox, end to end over the bus.

use ultramarket_api::payment::{
    events::v1::payment_cancelled::Outcome,
    v1::{Payment, payment::Status as State},
};

use crate::shop::{Shop, config, usd};

#[tokio::test]
async fn visa_is_held_and_taken() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_visa").await;
    let held = shop.reaches(&order, State::Authorized).await;
    assert_eq!((held.captured_amount, held.amount.clone()), (Some(usd(0)), Some(usd(1999))));
    shop.capture(&order).await;
    let captured = shop.answers.captured.next().await;
    assert_eq!((captured.order_id.as_str(), captured.amount), (order.order_id.as_str(), Some(usd(1999))));
    let Payment { payment_id, order_id, captured_amount, refunded_amount, provider, decline_reason, .. } =
        shop.reaches(&order, State::Captured).await;
    assert_eq!((payment_id, order_id), (order.payment_id, order.order_id));
    assert_eq!((captured_amount, refunded_amount), (Some(usd(1999)), Some(usd(0))));
    assert_eq!((provider.as_str(), decline_reason.as_str()), ("sandbox", ""));
}

#[tokio::test]
async fn cards_are_declined_for_their_reason() {
    let mut shop = Shop::open().await;
    for (token, reason) in [
        ("tok_declined", "CARD_DECLINED"),
        ("tok_insufficient_funds", "INSUFFICIENT_FUNDS"),
        ("tok_expired_card", "EXPIRED_CARD"),
        ("tok_of_nobody", "INVALID_PAYMENT_METHOD"),
    ] {
        let order = shop.order();
        shop.authorize(&order, token).await;
        let failed = shop.answers.failed.next().await;
        assert_eq!((failed.payment_id.as_str(), failed.reason.as_str()), (order.payment_id.as_str(), reason));
        assert_eq!(shop.reaches(&order, State::Declined).await.decline_reason, reason);
    }
    assert!(shop.answers.authorized.heard().is_empty());
}

#[tokio::test]
async fn three_d_secure_waits_for_the_shopper() {
    let mut shop = Shop::open().await;
    let order = shop.order();
    shop.authorize(&order, "tok_3ds").await;
    let asked = shop.answers.action_required.next().await;
    let until = asked.expire_time.expect("says until when").seconds;
    assert_eq!(until, shop.kit.now().unix_seconds() + 15 * 60);
    shop.reaches(&order, State::RequiresAction).await;
    let confirmed = shop.confirm(&order, "key").await.expect("confirms");
    assert_eq!(confirmed.status(), State::Processing);
    assert_eq!(shop.answers.authorized.next().await.payment_id, order.payment_id);
    shop.capture(&order).await;
    shop.answers.captured.next().await;
}

#[tokio::test]
async fn three_d_secure_fails_when_the_shopper_does_not_confirm() {
    let mut shop = Shop::open().await;
    let order = shop.order();
    shop.authorize(&order, "tok_3ds").await;
    shop.answers.action_required.next().await;
    shop.kit.advance(std::time::Duration::from_secs(15 * 60));
    assert_eq!(shop.answers.failed.next().await.reason, "CONFIRMATION_EXPIRED");
    let payment = shop.reaches(&order, State::Canceled).await;
    assert_eq!(payment.decline_reason, "CONFIRMATION_EXPIRED");
    assert_eq!(crate::shop::reason(shop.confirm(&order, "late").await), "PAYMENT_NOT_CONFIRMABLE");
}

#[tokio::test]
async fn a_lost_call_or_answer_is_found_out_and_charged_once() {
    let mut shop = Shop::open().await;
    for token in ["tok_timeout_before", "tok_timeout_after"] {
        let order = shop.captured(token).await;
        assert!(!shop.answers.uncertain.heard().is_empty(), "{token}: the checkout is told of the doubt");
        assert_eq!(shop.reaches(&order, State::Captured).await.captured_amount, Some(usd(1999)));
        assert_eq!(shop.at_the_provider(&order, "authorized").await, 1);
        assert_eq!(shop.at_the_provider(&order, "captured").await, 1);
    }
}

#[tokio::test]
async fn a_slow_provider_is_waited_for() {
    let mut shop = Shop::open().await;
    let order = shop.captured("tok_slow").await;
    assert!(shop.answers.uncertain.heard().is_empty());
    assert_eq!(shop.at_the_provider(&order, "captured").await, 1);
}

#[tokio::test]
async fn a_provider_slower_than_our_patience_is_looked_up_and_not_asked_twice() {
    let mut config = config();
    config.call_timeout_ms = 200;
    config.sandbox.slow_ms = 1000;
    let mut shop = Shop::with(config).await;
    let order = shop.order();
    shop.authorize(&order, "tok_slow").await;
    shop.answers.uncertain.next().await;
    shop.reaches(&order, State::Authorized).await;
    assert_eq!(shop.at_the_provider(&order, "authorized").await, 1);
}

#[tokio::test]
async fn a_flaky_provider_is_asked_until_it_answers() {
    let mut shop = Shop::open().await;
    let order = shop.captured("tok_flaky").await;
    shop.cancel(&order).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    for event in ["authorized", "captured", "refunded"] {
        assert_eq!(shop.at_the_provider(&order, event).await, 1, "{event}");
    }
}
