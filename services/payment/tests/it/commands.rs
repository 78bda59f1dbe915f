//! Commands of the checkout: twice, too early, too late, and against each other.

use testkit::eventually;
use ultramarket_api::payment::{
    events::v1::{AuthorizePayment, CancelPayment, CapturePayment, payment_cancelled::Outcome},
    v1::payment::Status as State,
};

use crate::shop::{Shop, config, reason, usd};

#[tokio::test]
async fn a_command_that_comes_again_changes_nothing_and_is_answered_again() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_visa").await;
    shop.authorize(&order, "tok_visa").await;
    shop.answers.authorized.next().await;
    shop.capture(&order).await;
    shop.answers.captured.next().await;
    shop.capture(&order).await;
    shop.answers.captured.next().await;
    shop.authorize(&order, "tok_visa").await;
    shop.answers.captured.next().await;
    shop.cancel(&order).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    shop.cancel(&order).await;
    shop.capture(&order).await;
    for _ in 0..2 {
        assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    }
    for event in ["authorized", "captured", "refunded"] {
        assert_eq!(shop.at_the_provider(&order, event).await, 1, "{event}");
    }
    assert_eq!(shop.reaches(&order, State::Refunded).await.refunded_amount, Some(usd(1999)));
}

#[tokio::test]
async fn the_very_same_message_takes_effect_once() {
    let mut shop = Shop::open().await;
    let order = shop.order();
    let message = shop.kit.message(&order.order_id, &shop.authorization(&order, "tok_visa"));
    for _ in 0..3 {
        shop.kit.publish_message(&message).await;
    }
    shop.answers.authorized.next().await;
    assert_eq!(shop.count("attempts").await, 1);
    assert!(shop.answers.authorized.heard().is_empty());
}

#[tokio::test]
async fn a_payment_that_was_cancelled_before_it_began_never_begins() {
    let mut shop = Shop::open().await;
    let order = shop.order();
    for _ in 0..2 {
        shop.cancel(&order).await;
        let cancelled = shop.answers.cancelled.next().await;
        assert_eq!(cancelled.outcome(), Outcome::NothingHeld);
        assert_eq!((cancelled.payment_id, cancelled.order_id), (order.payment_id.clone(), order.order_id.clone()));
    }
    shop.authorize(&order, "tok_visa").await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::NothingHeld);
    assert_eq!(shop.count("payments").await + shop.count("sandbox_intents").await, 0);
    assert_eq!(reason(shop.get(&order).await), "PAYMENT_NOT_FOUND");
}

#[tokio::test]
async fn a_cancellation_does_what_it_takes() {
    let mut shop = Shop::open().await;
    let held = shop.authorized("tok_visa").await;
    shop.cancel(&held).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Voided);
    assert_eq!(shop.reaches(&held, State::Canceled).await.captured_amount, Some(usd(0)));

    let taken = shop.captured("tok_visa").await;
    shop.cancel(&taken).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::Refunded);
    assert_eq!(shop.reaches(&taken, State::Refunded).await.refunded_amount, Some(usd(1999)));

    let declined = shop.order();
    shop.authorize(&declined, "tok_declined").await;
    shop.answers.failed.next().await;
    shop.cancel(&declined).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::NothingHeld);

    let waiting = shop.order();
    shop.authorize(&waiting, "tok_3ds").await;
    shop.answers.action_required.next().await;
    shop.cancel(&waiting).await;
    assert_eq!(shop.answers.cancelled.next().await.outcome(), Outcome::NothingHeld);
    assert_eq!(reason(shop.confirm(&waiting, "key").await), "PAYMENT_NOT_CONFIRMABLE");
}

#[tokio::test]
async fn a_cancellation_waits_for_an_answer_that_was_lost() {
    let mut shop = Shop::open().await;
    for token in ["tok_timeout_before", "tok_timeout_after", "tok_slow", "tok_flaky"] {
        let order = shop.order();
        shop.authorize(&order, token).await;
        shop.cancel(&order).await;
        shop.answers.cancelled.next().await;
        assert_eq!(shop.count("sandbox_intents WHERE state = 'authorized'").await, 0, "{token}: nothing is held");
    }
}

#[tokio::test]
async fn capture_and_cancel_at_once_keep_no_money() {
    let mut config = config();
    config.sandbox.lost_answer_ms = 1;
    let mut shop = Shop::with(config).await;
    for token in ["tok_visa", "tok_timeout_after", "tok_flaky", "tok_visa", "tok_visa"] {
        let order = shop.authorized(token).await;
        tokio::join!(shop.capture(&order), shop.cancel(&order));
        let outcome = shop.answers.cancelled.next().await.outcome();
        let refunds = shop.at_the_provider(&order, "refunded").await;
        let voids = shop.at_the_provider(&order, "voided").await;
        let expected = if outcome == Outcome::Refunded { (1, 0) } else { (0, 1) };
        assert_eq!((refunds, voids), expected, "{token}: {outcome:?}");
        assert_eq!(shop.at_the_provider(&order, "captured").await, refunds);
    }
}

#[tokio::test]
async fn many_payments_at_once_are_each_taken_once() {
    let mut shop = Shop::open().await;
    let orders: Vec<_> = (0..100).map(|_| shop.order()).collect();
    futures::future::join_all(orders.iter().map(|order| shop.authorize(order, "tok_visa"))).await;
    for _ in &orders {
        let authorized = shop.answers.authorized.next().await;
        let command = CapturePayment { payment_id: authorized.payment_id };
        shop.kit.publish(&authorized.order_id, &command).await;
    }
    for _ in &orders {
        shop.answers.captured.next().await;
    }
    assert_eq!(shop.count("provider_events WHERE type = 'captured'").await, 100);
    assert_eq!(shop.count("sandbox_intents WHERE state = 'captured'").await, 100);
}

#[tokio::test]
async fn commands_that_contradict_what_is_known_are_parked() {
    let mut shop = Shop::open().await;
    let order = shop.authorized("tok_visa").await;
    let command = shop.authorization(&order, "tok_visa");
    let contradictions = [
        AuthorizePayment { amount: Some(usd(1)), ..command.clone() },
        AuthorizePayment { account_id: "somebody else".into(), ..command.clone() },
        AuthorizePayment { payment_id: shop.order().payment_id, ..command.clone() },
        AuthorizePayment { amount: Some(usd(-1)), payment_id: shop.order().payment_id, ..command.clone() },
        AuthorizePayment { amount: None, payment_id: shop.order().payment_id, ..command.clone() },
        AuthorizePayment { payment_id: "no id".into(), ..command },
    ];
    for contradiction in &contradictions {
        shop.kit.publish(&order.order_id, contradiction).await;
    }
    let other = CancelPayment { payment_id: order.payment_id.clone(), order_id: "another".into() };
    shop.kit.publish(&order.order_id, &other).await;
    shop.capture(&shop.order()).await;
    eventually("eight messages are parked", || async {
        (shop.count("parked_messages WHERE consumer = 'payment'").await == 8).then_some(())
    })
    .await;
    assert_eq!(shop.reaches(&order, State::Authorized).await.amount, Some(usd(1999)));
    assert_eq!(shop.count("payments").await, 1);
}
