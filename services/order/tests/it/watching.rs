//! WatchOrder: what a stream tells, and when it ends.

use std::time::Duration;

use order::Config;
use testkit::{eventually, guest, reason};
use tonic::{Code, Request, Streaming};
use ultramarket_api::order::v1::{
    self as pb,
    order::{Lifecycle, PaymentStatus},
};

use crate::shop::{GOOD_CARD, Shop, with_order_token};

/// So rarely that a change which is seen at once was not found by looking.
const RARELY: Config = Config {
    watch_poll_ms: 3_600_000,
    reserve_seconds: 10,
    authorize_seconds: 30,
    confirm_seconds: 900,
    pay_seconds: 1800,
    hold_seconds: 2100,
    ask_again_seconds: 5,
    ask_again_cap_seconds: 300,
    timer_poll_ms: 5,
    max_watchers: 2,
};

fn watch(order_id: &str) -> pb::WatchOrderRequest {
    pb::WatchOrderRequest { order_id: order_id.into() }
}

async fn follow(shop: &Shop, request: Request<pb::WatchOrderRequest>) -> Streaming<pb::Order> {
    shop.client.clone().watch_order(request).await.expect("is allowed").into_inner()
}

async fn all(mut stream: Streaming<pb::Order>) -> Vec<pb::Order> {
    let mut orders = Vec::new();
    while let Some(order) = stream.message().await.expect("ends well") {
        orders.push(order);
    }
    orders
}

#[tokio::test]
async fn every_state_is_told_until_the_order_has_ended() {
    let shop = Shop::with(RARELY).await;
    let order = shop.place("tok_3ds").await;
    let id = order.order_id.as_str();
    let mut stream = follow(&shop, shop.ann().request(watch(id))).await;
    let mut seen = stream.message().await.expect("is well").expect("tells the state of now");
    while seen.next_action.is_none() {
        seen = stream.message().await.expect("is well").expect("tells what changes");
    }
    assert_eq!(seen, shop.get(id).await);
    shop.kit.publish(id, &shop.world.agrees(id)).await;
    let rest = all(stream).await;
    let last = rest.last().expect("something changed");
    assert_eq!((last.lifecycle(), last.payment_status()), (Lifecycle::Confirmed, PaymentStatus::Paid));
    let etags: Vec<i64> = rest.iter().map(|order| order.etag.parse().expect("a version")).collect();
    assert!(etags.is_sorted() && etags.windows(2).all(|pair| pair[0] != pair[1]), "{etags:?}");
}

#[tokio::test]
async fn an_order_that_has_ended_is_told_once() {
    let shop = Shop::with(RARELY).await;
    let order = shop.place("tok_declined").await;
    let ended = shop.until_it_is(Lifecycle::Cancelled, &order.order_id).await;
    let told = all(follow(&shop, shop.ann().request(watch(&order.order_id))).await).await;
    assert_eq!(told, [ended]);
}

#[tokio::test]
async fn a_confirmed_order_that_is_being_cancelled_is_told_to_its_end() {
    let shop = Shop::with(RARELY).await;
    let order = shop.place(GOOD_CARD).await;
    let id = order.order_id.as_str();
    shop.until_it_is(Lifecycle::Confirmed, id).await;
    shop.world.mute(&["CancelPayment"]);
    shop.cancel(id).await.expect("can be cancelled");
    let mut stream = follow(&shop, shop.ann().request(watch(id))).await;
    let first = stream.message().await.expect("is well").expect("tells the state of now");
    assert_eq!(first.lifecycle(), Lifecycle::Confirmed);
    shop.world.mute(&[]);
    shop.kit.advance(Duration::from_secs(5));
    assert_eq!(all(stream).await.last().expect("something changed").lifecycle(), Lifecycle::Cancelled);
}

#[tokio::test]
async fn others_cannot_watch() {
    let shop = Shop::with(RARELY).await;
    let mine = shop.place("tok_3ds").await.order_id;
    let (guests, token) = shop.place_as_guest("tok_3ds").await;
    follow(&shop, with_order_token(&token, watch(&guests.order_id))).await;
    for refused in [
        shop.kit.customer("bob").request(watch(&mine)),
        guest(watch(&mine)),
        with_order_token(&token, watch(&mine)),
        guest(watch(&guests.order_id)),
    ] {
        let status = shop.client.clone().watch_order(refused).await.expect_err("is none of their business");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "ORDER_NOT_FOUND"));
    }
}

#[tokio::test]
async fn there_is_room_for_so_many_watchers() {
    let shop = Shop::with(RARELY).await;
    let order = shop.place("tok_3ds").await;
    let request = || shop.ann().request(watch(&order.order_id));
    let (first, _second) = (follow(&shop, request()).await, follow(&shop, request()).await);
    let status = shop.client.clone().watch_order(request()).await.expect_err("there is no room");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    drop(first);
    eventually("the place is free", async || shop.client.clone().watch_order(request()).await.ok()).await;
}

#[tokio::test]
async fn a_change_that_another_process_made_is_found() {
    let shop = Shop::with(Config { watch_poll_ms: 5, ..RARELY }).await;
    let order = shop.place("tok_3ds").await;
    let id = order.order_id.as_str();
    let before = shop.until(id, "the bank asks", |order| order.next_action.is_some()).await;
    let mut stream = follow(&shop, shop.ann().request(watch(id))).await;
    stream.message().await.expect("is well").expect("tells the state of now");
    shop.change("UPDATE orders SET version = version + 1, payment_status = 'UNKNOWN'").await;
    let next = stream.message().await.expect("is well").expect("tells what changed");
    assert_ne!(next.etag, before.etag);
    assert_eq!(next.payment_status(), PaymentStatus::Unknown);
}

#[tokio::test]
async fn a_stream_ends_with_the_deadline_of_its_call() {
    let shop = Shop::with(RARELY).await;
    let order = shop.place("tok_3ds").await;
    let mut request = shop.ann().request(watch(&order.order_id));
    request.set_timeout(Duration::from_millis(200));
    let mut stream = follow(&shop, request).await;
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the order has not ended"),
            Err(status) => break status,
        }
    };
    assert_eq!((end.code(), reason(&end).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn a_stream_ends_with_the_process() {
    let shop = Shop::with(RARELY).await;
    let order = shop.place("tok_3ds").await;
    let mut stream = follow(&shop, shop.ann().request(watch(&order.order_id))).await;
    stream.message().await.expect("is well").expect("tells the state of now");
    let shop = shop.reopened().await;
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the order has not ended"),
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), Code::Unavailable, "the client comes back and finds");
    follow(&shop, shop.ann().request(watch(&order.order_id))).await;
}
