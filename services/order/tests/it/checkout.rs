//! How purchases end, by what inventory and payment answer.

use testkit::eventually;
use ultramarket_api::{
    inventory::events::v1::{StockRejected, StockReserved},
    order::{
        events::v1::{OrderCancelled, OrderConfirmed},
        v1::order::{Lifecycle, PaymentStatus},
    },
    payment::events::v1::{PaymentAuthorized, PaymentCaptured, payment_cancelled::Outcome},
};

use crate::{
    shop::{GOOD_CARD, Shop},
    world::{Goods, Money, SOLD_OUT, cart_of, line, usd},
};

#[tokio::test]
async fn a_purchase_is_confirmed_once_stock_is_sold_and_money_taken() {
    let shop = Shop::open().await;
    let mut confirmed = shop.kit.listen::<OrderConfirmed>().await;
    let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
    let placed = shop.place(GOOD_CARD).await;
    let id = placed.order_id.as_str();
    let event = confirmed.next().await;
    let order = shop.get(id).await;
    assert_eq!(event.order.as_ref(), Some(&order));
    assert_eq!((event.account_id, event.cart_version), (shop.ann().id, 1));
    assert_eq!((order.lifecycle(), order.payment_status()), (Lifecycle::Confirmed, PaymentStatus::Paid));
    assert_eq!(shop.world.heard(id), ["ReserveStock", "AuthorizePayment", "CommitStock", "CapturePayment"]);
    assert_eq!(
        (shop.world.goods(id), shop.world.money(id)),
        (Some(Goods::Sold), Some(Money::Taken(usd(602).unwrap())))
    );
    assert_ne!(order.etag, placed.etag);
    assert!(confirmed.heard().is_empty() && cancelled.heard().is_empty());

    let log = shop.column("SELECT event FROM saga_log ORDER BY version").await;
    assert_eq!(log, ["Placed", "StockReserved", "PaymentAuthorized", "StockCommitted", "PaymentCaptured"]);
    assert_eq!(shop.column("SELECT payment_token FROM orders").await, [""], "not kept longer than needed");
}

#[tokio::test]
async fn stock_is_held_longer_than_payment_may_take() {
    let shop = Shop::open().await;
    let order = shop.place(GOOD_CARD).await;
    shop.until_heard("ReserveStock", 1, &order.order_id).await;
    let hold = shop.world.hold(&order.order_id).expect("inventory was asked");
    let seconds = hold.expire_time.expect("ends").seconds - order.create_time.expect("is set").seconds;
    assert_eq!(seconds, 35 * 60);
    assert_eq!(
        hold.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect::<Vec<_>>(),
        [("LAMP", 3), ("BULB", 1)]
    );
}

#[tokio::test]
async fn want_of_stock_is_told_with_what_there_is() {
    let shop = Shop::open().await;
    let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
    shop.world.cart(cart_of(vec![line("LAMP", 1, usd(199)), line(SOLD_OUT, 2, usd(1))]));
    let order = shop.place(GOOD_CARD).await;
    let order = shop.until_it_is(Lifecycle::Cancelled, &order.order_id).await;
    let cancellation = order.cancellation.clone().expect("has a reason");
    assert_eq!(cancellation.reason, "OUT_OF_STOCK");
    let shortage = &cancellation.shortages[0];
    assert_eq!((shortage.sku.as_str(), shortage.requested, shortage.available), (SOLD_OUT, 2, 0));
    assert_eq!(order.payment_status(), PaymentStatus::None);
    assert_eq!(shop.world.heard(&order.order_id), ["ReserveStock"], "no money was touched");
    let event = cancelled.next().await;
    assert_eq!((event.order, event.account_id), (Some(order), shop.ann().id));
}

#[tokio::test]
async fn a_decline_gives_stock_back_and_the_cart_may_be_tried_with_another_card() {
    let shop = Shop::open().await;
    shop.world.cart(cart_of(vec![line("LAMP", 1, usd(199))]));
    let declined = shop.place("tok_declined").await;
    let declined = shop.until_it_is(Lifecycle::Cancelled, &declined.order_id).await;
    let cancellation = declined.cancellation.clone().expect("has a reason");
    assert_eq!((cancellation.reason.as_str(), cancellation.detail.as_str()), ("PAYMENT_DECLINED", "CARD_DECLINED"));
    assert_eq!(declined.payment_status(), PaymentStatus::Failed);
    assert_eq!(shop.world.goods(&declined.order_id), Some(Goods::Back));
    let second = shop.place(GOOD_CARD).await;
    shop.until_it_is(Lifecycle::Confirmed, &second.order_id).await;
}

#[tokio::test]
async fn a_shopper_who_confirms_with_the_bank_goes_on() {
    let shop = Shop::open().await;
    let order = shop.place("tok_3ds").await;
    let order = shop.until(&order.order_id, "the bank asks", |order| order.next_action.is_some()).await;
    let action = order.next_action.expect("is set");
    assert_eq!(action.kind(), ultramarket_api::order::v1::next_action::Kind::ConfirmPayment);
    let seconds = action.expire_time.expect("ends").seconds - order.create_time.expect("is set").seconds;
    assert_eq!((seconds, order.lifecycle()), (15 * 60, Lifecycle::Pending));
    shop.kit.publish(&order.order_id, &shop.world.agrees(&order.order_id)).await;
    let order = shop.until_it_is(Lifecycle::Confirmed, &order.order_id).await;
    assert!(order.next_action.is_none());
}

#[tokio::test]
async fn an_unknown_outcome_is_said_and_waited_out() {
    let shop = Shop::open().await;
    let order = shop.place("tok_silent").await;
    let id = order.order_id.as_str();
    let order = shop.until(id, "it is unknown", |order| order.payment_status() == PaymentStatus::Unknown).await;
    assert_eq!(order.lifecycle(), Lifecycle::Pending);
    shop.kit.publish(id, &shop.world.agrees(id)).await;
    shop.until_it_is(Lifecycle::Confirmed, id).await;
}

#[tokio::test]
async fn a_refused_capture_lifts_the_hold_before_stock_goes_back() {
    let shop = Shop::open().await;
    let order = shop.place("tok_refuses_capture").await;
    let order = shop.until_it_is(Lifecycle::Cancelled, &order.order_id).await;
    let cancellation = order.cancellation.clone().expect("has a reason");
    assert_eq!(
        (cancellation.reason.as_str(), cancellation.detail.as_str()),
        ("PAYMENT_DECLINED", "INSUFFICIENT_FUNDS")
    );
    assert_eq!(order.payment_status(), PaymentStatus::Voided);
    let heard = shop.world.heard(&order.order_id);
    assert_eq!(heard[3..], ["CapturePayment", "CancelPayment", "ReleaseStock"]);
    assert_eq!(shop.world.goods(&order.order_id), Some(Goods::Back));
}

#[tokio::test]
async fn another_amount_than_the_total_is_given_back() {
    let shop = Shop::open().await;
    let order = shop.place("tok_takes_less").await;
    let order = shop.until_it_is(Lifecycle::Cancelled, &order.order_id).await;
    let cancellation = order.cancellation.clone().expect("has a reason");
    assert_eq!((cancellation.reason.as_str(), cancellation.detail.as_str()), ("PAYMENT_DECLINED", "AMOUNT_MISMATCH"));
    assert_eq!(order.payment_status(), PaymentStatus::Refunded);
    assert_eq!(shop.world.money(&order.order_id), Some(Money::Over(Outcome::Refunded)));
}

#[tokio::test]
async fn repeated_and_stray_replies_change_nothing() {
    let shop = Shop::open().await;
    let mut confirmed = shop.kit.listen::<OrderConfirmed>().await;
    let order = shop.place("tok_3ds").await;
    let id = order.order_id.as_str();
    let before = shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;

    let stranger = kernel::Ids::uuid(&kernel::SystemIds).to_string();
    let of_nobody = StockReserved { order_id: stranger.clone() };
    shop.kit.publish(&stranger, &of_nobody).await;
    shop.kit.publish(id, &StockRejected { order_id: id.into(), shortages: vec![] }).await;
    shop.kit.publish(id, &PaymentAuthorized { payment_id: stranger, order_id: id.into() }).await;
    let payment_id = before.payment_id.clone();
    assert_eq!(shop.get(id).await, before);

    let agreed = shop.kit.message(id, &shop.world.agrees(id));
    for _ in 0..5 {
        shop.kit.publish_message(&agreed).await;
    }
    let ended = shop.until_it_is(Lifecycle::Confirmed, id).await;
    for _ in 0..2 {
        let captured = PaymentCaptured { payment_id: payment_id.clone(), order_id: id.into(), amount: usd(602) };
        shop.kit.publish(id, &captured).await;
    }
    assert_eq!(shop.get(id).await, ended);
    confirmed.next().await;
    assert!(confirmed.heard().is_empty());
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_is_kept_for_an_operator() {
    let shop = Shop::open().await;
    shop.kit.publish("nonsense", &StockReserved { order_id: "nonsense".into() }).await;
    let parked = eventually("it is parked", async || shop.column("SELECT kind FROM parked_messages").await.pop()).await;
    assert_eq!(parked, "ultramarket.inventory.events.v1.StockReserved");
}

#[tokio::test]
async fn many_purchases_at_once_all_end() {
    let shop = Shop::open().await;
    let mut confirmed = shop.kit.listen::<OrderConfirmed>().await;
    let orders = futures::future::join_all(
        (0..50).map(|number| shop.place(if number % 5 == 0 { "tok_declined" } else { GOOD_CARD })),
    )
    .await;
    for (number, order) in orders.iter().enumerate() {
        let expected = if number % 5 == 0 { Lifecycle::Cancelled } else { Lifecycle::Confirmed };
        shop.until_it_is(expected, &order.order_id).await;
    }
    for _ in 0..40 {
        confirmed.next().await;
    }
    assert!(confirmed.heard().is_empty(), "each is told once");
}
