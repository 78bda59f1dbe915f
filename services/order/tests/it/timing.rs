//! What happens when nobody answers, under a clock that the test moves.

use std::time::Duration;

use ultramarket_api::{
    order::{
        events::v1::OrderCancelled,
        v1::order::{Lifecycle, PaymentStatus},
    },
    payment::events::v1::payment_cancelled::Outcome,
};

use crate::{
    shop::{GOOD_CARD, Shop},
    world::{Goods, Money},
};

fn reason(order: &ultramarket_api::order::v1::Order) -> &str {
    order.cancellation.as_ref().map_or("", |cancellation| cancellation.reason.as_str())
}

#[tokio::test]
async fn inventory_that_does_not_answer_is_asked_once_more_and_then_given_up() {
    let shop = Shop::open().await;
    let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
    shop.world.mute(&["ReserveStock"]);
    let order = shop.place(GOOD_CARD).await;
    shop.until_heard("ReserveStock", 1, &order.order_id).await;
    shop.kit.advance(Duration::from_secs(5));
    shop.until_heard("ReserveStock", 2, &order.order_id).await;
    assert_eq!(shop.get(&order.order_id).await, order, "asking again is not seen from outside");
    shop.kit.advance(Duration::from_secs(5));
    let ended = shop.until_it_is(Lifecycle::Expired, &order.order_id).await;
    assert_eq!(reason(&ended), "TIMED_OUT");
    assert_eq!(shop.world.heard(&order.order_id), ["ReserveStock", "ReserveStock", "ReleaseStock"]);
    assert_eq!(cancelled.next().await.order.expect("has the order").lifecycle(), Lifecycle::Expired);
}

#[tokio::test]
async fn payment_that_does_not_answer_is_unknown_and_called_off_at_the_deadline() {
    let shop = Shop::open().await;
    shop.world.mute(&["AuthorizePayment"]);
    let order = shop.place("tok_silent").await;
    let id = order.order_id.as_str();
    shop.until_heard("AuthorizePayment", 1, id).await;
    shop.kit.advance(Duration::from_secs(30));
    shop.until(id, "it is unknown", |order| order.payment_status() == PaymentStatus::Unknown).await;
    shop.until_heard("AuthorizePayment", 2, id).await;
    shop.kit.advance(Duration::from_secs(30 * 60));
    let ended = shop.until_it_is(Lifecycle::Expired, id).await;
    assert_eq!((reason(&ended), ended.payment_status()), ("TIMED_OUT", PaymentStatus::None));
    assert_eq!(shop.world.money(id), Some(Money::Over(Outcome::NothingHeld)));
    assert_eq!(shop.world.goods(id), Some(Goods::Back));
}

#[tokio::test]
async fn a_shopper_who_does_not_come_back_from_the_bank_loses_the_order() {
    let shop = Shop::open().await;
    let order = shop.place("tok_3ds").await;
    let id = order.order_id.as_str();
    shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;
    shop.kit.advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(shop.get(id).await.lifecycle(), Lifecycle::Pending);
    shop.kit.advance(Duration::from_secs(1));
    let ended = shop.until_it_is(Lifecycle::Expired, id).await;
    assert_eq!(shop.world.heard(id)[2..], ["CancelPayment", "ReleaseStock"], "money first, then stock");
    assert!(ended.next_action.is_none());
}

#[tokio::test]
async fn what_is_due_is_asked_for_until_it_is_answered() {
    let shop = Shop::open().await;
    for command in ["CommitStock", "CapturePayment"] {
        shop.world.mute(&[command]);
        let order = shop.place(GOOD_CARD).await;
        let id = order.order_id.as_str();
        shop.until_heard(command, 1, id).await;
        for times in 2..6 {
            shop.kit.advance(Duration::from_secs(300));
            shop.until_heard(command, times, id).await;
        }
        shop.world.mute(&[]);
        shop.kit.advance(Duration::from_secs(300));
        shop.until_it_is(Lifecycle::Confirmed, id).await;
    }
    for command in ["CancelPayment", "ReleaseStock"] {
        shop.world.mute(&[command]);
        let order = shop.place("tok_3ds").await;
        let id = order.order_id.as_str();
        shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;
        shop.cancel(id).await.expect("can be cancelled");
        for times in 1..6 {
            shop.until_heard(command, times, id).await;
            shop.kit.advance(Duration::from_secs(300));
        }
        shop.world.mute(&[]);
        shop.kit.advance(Duration::from_secs(300));
        shop.until_it_is(Lifecycle::Cancelled, id).await;
    }
}

#[tokio::test]
async fn a_reply_that_comes_while_giving_up_does_not_bring_the_order_back() {
    let shop = Shop::open().await;
    shop.world.mute(&["CancelPayment"]);
    let order = shop.place("tok_3ds").await;
    let id = order.order_id.as_str();
    shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;
    shop.kit.advance(Duration::from_secs(15 * 60));
    shop.until_heard("CancelPayment", 1, id).await;
    shop.kit.publish(id, &shop.world.agrees(id)).await;
    assert_eq!(shop.get(id).await.lifecycle(), Lifecycle::Pending);
    shop.world.mute(&[]);
    shop.kit.advance(Duration::from_secs(60));
    let ended = shop.until_it_is(Lifecycle::Expired, id).await;
    assert_eq!(ended.payment_status(), PaymentStatus::Voided, "what was held late is not kept");
}
