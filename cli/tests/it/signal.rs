//! How a running marketplace is stopped.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use rustix::process::Signal;
use system_tests::Rest;

use crate::{
    program::Place,
    shop::{Shop, assert_no_errors},
};

/// Far below `shutdown.drain_seconds`, for which a drain that hangs would last.
const SOON: Duration = Duration::from_secs(8);

fn connection(shop: &Shop) -> TcpStream {
    let address = shop.url.strip_prefix("http://").expect("is http");
    TcpStream::connect(address).expect("the port is open")
}

/// What the server says next.
fn said(connection: &mut TcpStream) -> String {
    connection.set_read_timeout(Some(SOON)).expect("a time limit");
    let mut bytes = [0; 1024];
    let length = connection.read(&mut bytes).expect("the server says something");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn a_signal_ends_it_soon_although_others_hold_connections_open() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let shop = place.up().with(["--set", "gateway.head_seconds=1"]).open().await;
        let silent = connection(&shop);
        let mut half = connection(&shop);
        half.write_all(b"GET /api/v1/products HTTP/1.1\r\nHost: ").expect("can be sent");
        // Answered, and then kept for later.
        let idle = shop.rest();
        assert!(idle.get("/health").await.status.is_success());

        let began = Instant::now();
        shop.signal(signal);
        let ended = shop.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
        assert_no_errors(&ended.err);
        drop((silent, half));
    }
}

#[tokio::test]
async fn who_watches_an_order_does_not_keep_it_from_ending() {
    let place = Place::new();
    let shop = place.up().open().await;
    let sku = shop.stock(&place.data(), "Lamp", 1000, 5).await;
    let mut ann = shop.customer("ann").await;
    ann.add(&sku, 1).await;
    let order = ann.place("tok_3ds").await;
    let path = format!("/api/v1/orders/{}:watch", order["orderId"].as_str().expect("has an id"));
    let mut watched = ann.rest.with("accept", "text/event-stream").stream(&path).await.into_body();
    assert!(watched.frame().await.is_some_and(|frame| frame.is_ok()), "the present state comes at once");

    let began = Instant::now();
    shop.stop().await;
    assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_call_under_way_is_answered_before_the_end_and_a_second_signal_does_not_wait() {
    let place = Place::new();
    let shop = place.up().open().await;
    // The body is asked for and does not come: a call that is under way for as long as we like.
    let body = br#"{"email":"ann@example.com","password":"correct horse battery","displayName":"Ann"}"#;
    let begin = || {
        let head = "POST /api/v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Expect: 100-continue\r\n";
        let mut call = connection(&shop);
        call.write_all(format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes()).expect("can be sent");
        assert!(said(&mut call).starts_with("HTTP/1.1 100 "), "the server waits for the body");
        call
    };
    let mut finished = begin();
    let _unfinished = begin();
    let operator: Rest = shop.operator();
    shop.signal(Signal::TERM);
    testkit::eventually("not ready", async || {
        let reply = operator.try_send(http::Method::GET, "/health/ready", None).await;
        reply.is_none_or(|reply| !reply.status.is_success()).then_some(())
    })
    .await;
    finished.write_all(body).expect("can be sent");
    let answer = said(&mut finished);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    shop.signal(Signal::TERM);
    let ended = shop.ended().await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    // Work that is cut short may log something after it.
    assert!(ended.err.contains("ultramarket: stopped at once, as told by a second signal\n"), "{}", ended.err);
}
