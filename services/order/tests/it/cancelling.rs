//! CancelOrder: by whom, when, how often, and against what.

use futures::future::join_all;
use testkit::{facts, reason, with_key};
use tonic::{Code, Request, Status};
use ultramarket_api::{
    order::{
        events::v1::OrderCancelled,
        v1::{
            self as pb,
            order::{Lifecycle, PaymentStatus},
        },
    },
    payment::events::v1::payment_cancelled::Outcome,
};

use crate::{
    shop::{GOOD_CARD, Shop, new_key, with_order_token},
    world::{Goods, Money},
};

fn cancel(order_id: &str) -> pb::CancelOrderRequest {
    pb::CancelOrderRequest { order_id: order_id.into(), ..Default::default() }
}

async fn send(shop: &Shop, request: Request<pb::CancelOrderRequest>) -> Result<pb::Order, Status> {
    shop.client.clone().cancel_order(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_confirmed_order_is_refunded_then_restocked_then_cancelled() {
    let shop = Shop::open().await;
    let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
    let order = shop.place(GOOD_CARD).await;
    let id = order.order_id.as_str();
    shop.until_it_is(Lifecycle::Confirmed, id).await;
    let words = pb::CancelOrderRequest { reason: "found it cheaper".into(), ..cancel(id) };
    let asked = send(&shop, shop.ann().keyed(&new_key(), words)).await.expect("can be cancelled");
    assert_eq!(asked.lifecycle(), Lifecycle::Confirmed, "it is until its cancellation is done");
    let cancellation = asked.cancellation.expect("has begun");
    assert_eq!(
        (cancellation.reason.as_str(), cancellation.detail.as_str()),
        ("CANCELLED_BY_CUSTOMER", "found it cheaper")
    );

    let ended = shop.until_it_is(Lifecycle::Cancelled, id).await;
    assert_eq!(ended.payment_status(), PaymentStatus::Refunded);
    assert_eq!(shop.world.heard(id)[4..], ["CancelPayment", "ReleaseStock"]);
    assert_eq!(shop.world.money(id), Some(Money::Over(Outcome::Refunded)));
    assert_eq!(shop.world.goods(id), Some(Goods::Back));
    assert_eq!(cancelled.next().await.order, Some(ended));
}

#[tokio::test]
async fn cancelling_again_changes_nothing() {
    let shop = Shop::open().await;
    let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
    shop.world.mute(&["CancelPayment"]);
    let order = shop.place("tok_3ds").await;
    let id = order.order_id.as_str();
    shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;
    let first = send(&shop, shop.ann().keyed("once", cancel(id))).await.expect("can be cancelled");
    assert_eq!((first.lifecycle(), first.next_action.is_none()), (Lifecycle::Pending, true));
    let second = send(&shop, shop.ann().keyed("twice", cancel(id))).await.expect("changes nothing");
    assert_eq!(first, second);

    let admins = send(&shop, shop.kit.admin().keyed("thrice", cancel(id))).await.expect("changes nothing");
    assert_eq!(admins, first, "the first reason stays");
    shop.world.mute(&[]);
    shop.kit.advance(std::time::Duration::from_secs(5));
    let ended = shop.until_it_is(Lifecycle::Cancelled, id).await;
    let after = send(&shop, shop.ann().keyed("late", cancel(id))).await.expect("changes nothing");
    assert_eq!(after, ended);
    let replayed = send(&shop, shop.ann().keyed("once", cancel(id))).await.expect("is replayed");
    assert_eq!(replayed, first);
    cancelled.next().await;
    assert!(cancelled.heard().is_empty(), "told once");
}

#[tokio::test]
async fn before_any_money_is_touched_only_stock_goes_back() {
    let shop = Shop::open().await;
    shop.world.mute(&["ReserveStock"]);
    let order = shop.place(GOOD_CARD).await;
    shop.until_heard("ReserveStock", 1, &order.order_id).await;
    shop.cancel(&order.order_id).await.expect("can be cancelled");
    let ended = shop.until_it_is(Lifecycle::Cancelled, &order.order_id).await;
    assert_eq!(ended.payment_status(), PaymentStatus::None);
    assert_eq!(shop.world.heard(&order.order_id), ["ReserveStock", "ReleaseStock"]);
}

#[tokio::test]
async fn to_others_the_order_does_not_exist() {
    let shop = Shop::open().await;
    let mine = shop.place("tok_3ds").await;
    let (guests, token) = shop.place_as_guest("tok_3ds").await;
    let (_, other_token) = shop.place_as_guest("tok_3ds").await;
    let attempts = [
        shop.kit.customer("bob").keyed(&new_key(), cancel(&mine.order_id)),
        with_key(&new_key(), testkit::guest(cancel(&mine.order_id))),
        with_key(&new_key(), with_order_token(&token, cancel(&mine.order_id))),
        shop.ann().keyed(&new_key(), cancel(&guests.order_id)),
        with_key(&new_key(), testkit::guest(cancel(&guests.order_id))),
        with_key(&new_key(), with_order_token(&other_token, cancel(&guests.order_id))),
        shop.ann().keyed(&new_key(), cancel(&new_key())),
    ];
    for (number, attempt) in attempts.into_iter().enumerate() {
        let status = send(&shop, attempt).await.expect_err("is none of their business");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "ORDER_NOT_FOUND"), "attempt {number}");
    }
    assert!(shop.get(&mine.order_id).await.cancellation.is_none());
    let request = with_key(&new_key(), with_order_token(&token, cancel(&guests.order_id)));
    let cancelled = send(&shop, request).await.expect("the token is the guest's proof");
    assert_eq!(cancelled.cancellation.expect("has begun").reason, "CANCELLED_BY_CUSTOMER");
}

#[tokio::test]
async fn an_administrator_cancels_for_others() {
    let shop = Shop::open().await;
    let order = shop.place("tok_3ds").await;
    let cancelled = send(&shop, shop.kit.admin().keyed(&new_key(), cancel(&order.order_id))).await.expect("may");
    assert_eq!(cancelled.cancellation.expect("has begun").reason, "CANCELLED_BY_ADMIN");
}

#[tokio::test]
async fn an_order_that_has_changed_since_is_not_cancelled() {
    let shop = Shop::open().await;
    let order = shop.place("tok_3ds").await;
    let now = shop.until(&order.order_id, "the bank asks", |order| order.next_action.is_some()).await;
    let stale = pb::CancelOrderRequest { etag: order.etag, ..cancel(&order.order_id) };
    let status = send(&shop, shop.ann().keyed(&new_key(), stale)).await.expect_err("has changed");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(facts(&status)["currentEtag"], now.etag);
    let fresh = pb::CancelOrderRequest { etag: now.etag, ..cancel(&order.order_id) };
    send(&shop, shop.ann().keyed(&new_key(), fresh)).await.expect("nothing changed in between");
}

#[tokio::test]
async fn goods_that_have_left_are_not_cancelled() {
    let shop = Shop::open().await;
    let order = shop.place(GOOD_CARD).await;
    shop.until_it_is(Lifecycle::Confirmed, &order.order_id).await;
    shop.change("UPDATE orders SET fulfilment_status = 'SHIPPED'").await;
    let before = shop.get(&order.order_id).await;
    let status = shop.cancel(&order.order_id).await.expect_err("have left");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "ORDER_NOT_CANCELLABLE"));
    let facts = facts(&status);
    assert_eq!((facts["lifecycle"].as_str(), facts["fulfilmentStatus"].as_str()), ("CONFIRMED", "SHIPPED"));
    assert_eq!((facts["to"].as_str(), facts["allowedFulfilmentStatus"].as_str()), ("CANCELLED", "UNFULFILLED"));
    assert_eq!(shop.get(&order.order_id).await, before);
}

#[tokio::test]
async fn cancelling_against_the_checkout_one_wins_and_no_money_is_kept() {
    let shop = Shop::open().await;
    let mut cancelled = shop.kit.listen::<OrderCancelled>().await;
    let races = (0..40).map(|number| {
        let shop = &shop;
        async move {
            let order = shop.place(GOOD_CARD).await;
            // Each order is met at another moment of its checkout.
            for _ in 0..number {
                tokio::task::yield_now().await;
            }
            let twice = [shop.cancel(&order.order_id), shop.cancel(&order.order_id)];
            for outcome in join_all(twice).await {
                outcome.expect("nothing has left");
            }
            order.order_id
        }
    });
    let orders = join_all(races).await;
    for id in &orders {
        let ended = shop.until_it_is(Lifecycle::Cancelled, id).await;
        assert_eq!(ended.cancellation.expect("has a reason").reason, "CANCELLED_BY_CUSTOMER");
        assert!(matches!(shop.world.money(id), None | Some(Money::Over(_))), "{:?}", shop.world.money(id));
        assert!(matches!(shop.world.goods(id), None | Some(Goods::Back)), "{:?}", shop.world.goods(id));
    }
    let mut told = Vec::new();
    while told.len() < orders.len() {
        told.push(cancelled.next().await.order.expect("has the order").order_id);
    }
    told.extend(cancelled.heard().into_iter().map(|event| event.order.expect("has the order").order_id));
    told.sort();
    let mut expected = orders;
    expected.sort();
    assert_eq!(told, expected, "each is told once");
}
