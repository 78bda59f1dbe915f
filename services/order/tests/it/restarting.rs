//! The service ends at every point of a checkout and goes on from its rows alone.

use std::time::Duration;

use ultramarket_api::order::{
    events::v1::{OrderCancelled, OrderConfirmed},
    v1::order::Lifecycle,
};

use crate::{
    shop::{GOOD_CARD, Shop},
    world::{Goods, Money},
};

/// The commands whose answers a purchase waits for, one after the other.
const PURCHASE: [&str; 4] = ["ReserveStock", "AuthorizePayment", "CommitStock", "CapturePayment"];

#[tokio::test]
async fn a_purchase_whose_answer_was_lost_is_asked_for_again_after_a_restart() {
    for command in PURCHASE {
        let shop = Shop::open().await;
        shop.world.mute(&[command]);
        let order = shop.place(GOOD_CARD).await;
        shop.until_heard(command, 1, &order.order_id).await;

        let shop = shop.reopened().await;
        let mut confirmed = shop.kit.listen::<OrderConfirmed>().await;
        shop.world.mute(&[]);
        // Longer than the patience for stock, which must not be spent on a service that was down.
        shop.kit.advance(Duration::from_secs(40));
        shop.until_it_is(Lifecycle::Confirmed, &order.order_id).await;
        assert_eq!(confirmed.next().await.order.expect("has the order").order_id, order.order_id);
        assert!(matches!(shop.world.money(&order.order_id), Some(Money::Taken(_))), "{command}");
        assert_eq!(shop.world.goods(&order.order_id), Some(Goods::Sold));
    }
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_asked_for_again_after_a_restart() {
    for command in ["CancelPayment", "ReleaseStock"] {
        let shop = Shop::open().await;
        let order = shop.place(GOOD_CARD).await;
        let id = order.order_id.as_str();
        shop.until_it_is(Lifecycle::Confirmed, id).await;
        shop.world.mute(&[command]);
        shop.cancel(id).await.expect("can be cancelled");
        shop.until_heard(command, 1, id).await;

        let shop = shop.reopened().await;
        let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
        shop.world.mute(&[]);
        shop.kit.advance(Duration::from_secs(40));
        shop.until_it_is(Lifecycle::Cancelled, id).await;
        assert_eq!(cancelled.next().await.order.expect("has the order").order_id, id);
        assert!(matches!(shop.world.money(id), Some(Money::Over(_))));
        assert_eq!(shop.world.goods(id), Some(Goods::Back));
    }
}

#[tokio::test]
async fn a_command_that_was_not_delivered_goes_out_after_a_restart_without_any_timer() {
    for muted in [None, Some("ReserveStock"), Some("AuthorizePayment"), Some("CommitStock")] {
        let shop = Shop::open().await;
        shop.world.away(muted.is_none());
        shop.world.mute(&muted.map_or_else(Vec::new, |command| vec![command]));
        let order = shop.place(GOOD_CARD).await;
        let id = order.order_id.as_str();
        if let Some(command) = muted {
            // The answer comes by hand, while nothing can be delivered: the next command stays in the outbox.
            shop.until_heard(command, 1, id).await;
            shop.world.away(true);
            shop.answer(command, &order).await;
        }
        let shop = shop.reopened().await;
        shop.world.away(false);
        shop.world.mute(&[]);
        // The outbox tries again; no timer of a saga is due so soon.
        shop.kit.advance(Duration::from_secs(2));
        shop.until_it_is(Lifecycle::Confirmed, id).await;
    }
}

#[tokio::test]
async fn a_shopper_at_the_bank_may_come_back_after_a_restart_or_be_too_late() {
    for (late, end) in [(false, Lifecycle::Confirmed), (true, Lifecycle::Expired)] {
        let shop = Shop::open().await;
        let order = shop.place("tok_3ds").await;
        let id = order.order_id.as_str();
        shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;
        let shop = shop.reopened().await;
        if late {
            shop.kit.advance(Duration::from_secs(15 * 60));
        } else {
            shop.kit.publish(id, &shop.world.agrees(id)).await;
        }
        shop.until_it_is(end, id).await;
    }
}

#[tokio::test]
async fn an_unknown_payment_is_asked_for_again_after_a_restart() {
    let shop = Shop::open().await;
    let order = shop.place("tok_silent").await;
    let id = order.order_id.as_str();
    shop.until_heard("AuthorizePayment", 1, id).await;
    let shop = shop.reopened().await;
    // Payment has found out and tells when it is asked.
    shop.world.agrees(id);
    shop.kit.advance(Duration::from_secs(40));
    shop.until_it_is(Lifecycle::Confirmed, id).await;
}
