use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use tokio::sync::mpsc;

use crate::harness::Edge;

fn watch<'e>(edge: &'e Edge, name: &str, accept: &str) -> crate::harness::Call<'e> {
    edge.get(&format!("/v1/things/{name}:watch")).header("accept", accept)
}

#[tokio::test]
async fn a_stream_comes_as_the_client_accepts_it() {
    let edge = Edge::new();
    for (accept, content_type, body) in [
        ("*/*", "application/json", r#"[{"title":"one"},{"title":"two"}]"#),
        ("application/x-ndjson", "application/x-ndjson", "{\"title\":\"one\"}\n{\"title\":\"two\"}\n"),
        ("application/jsonl", "application/x-ndjson", "{\"title\":\"one\"}\n{\"title\":\"two\"}\n"),
        (
            "text/html, text/event-stream;q=0.9",
            "text/event-stream",
            "data: {\"title\":\"one\"}\n\ndata: {\"title\":\"two\"}\n\n",
        ),
        ("text/event-stream;q=0, application/json", "application/json", r#"[{"title":"one"},{"title":"two"}]"#),
    ] {
        let answer = watch(&edge, "a", accept).answer().await;
        assert_eq!((answer.header("content-type"), answer.text()), (content_type, body), "{accept}");
    }
    assert_eq!(watch(&edge, "none", "*/*").answer().await.text(), "[]");
    assert_eq!(watch(&edge, "none", "text/event-stream").answer().await.text(), "");
}

#[tokio::test]
async fn a_stream_that_fails_at_once_has_its_real_status() {
    let edge = Edge::new();
    assert_eq!(watch(&edge, "early", "text/event-stream").answer().await.refused(503, 14), "UNAVAILABLE");
}

#[tokio::test]
async fn a_stream_that_fails_later_says_so_in_band() {
    let edge = Edge::new();
    let lines = watch(&edge, "late", "application/x-ndjson").answer().await;
    let last: serde_json::Value =
        serde_json::from_str(lines.text().lines().last().expect("has lines")).expect("is JSON");
    assert_eq!((lines.status, last["error"]["code"].as_i64()), (StatusCode::OK, Some(14)));
    let events = watch(&edge, "late", "text/event-stream").answer().await;
    let (_, last) = events.text().split_once("event: error\ndata: ").expect("has the event");
    let error: serde_json::Value = serde_json::from_str(last).expect("is JSON");
    assert!(error["details"].as_array().expect("is a list").iter().any(|detail| detail["reason"] == "UNAVAILABLE"));
    // An array cannot say it, so it does not end.
    let array = watch(&edge, "late", "application/json").send().await;
    assert!(array.into_body().collect().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_first_message_does_not_wait_for_the_second_and_the_deadline_ends_the_stream() {
    let edge = Edge::new();
    let begun = tokio::time::Instant::now();
    let mut body = watch(&edge, "slow", "text/event-stream").send().await.into_body();
    let mut next = async || body.frame().await.map(|frame| frame.expect("goes well").into_data().expect("is data"));
    assert_eq!(next().await.as_deref(), Some(&b"data: {\"title\":\"one\"}\n\n"[..]));
    assert!(begun.elapsed() < Duration::from_secs(1));
    let mut heartbeats = 0;
    let last = loop {
        match next().await.expect("is not over") {
            comment if comment.starts_with(b":") => heartbeats += 1,
            other => break other,
        }
    };
    assert_eq!(heartbeats, 4);
    assert!(last.starts_with(b"event: error\ndata: {\"code\":4,"), "{last:?}");
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_stream_is_made_as_fast_as_it_is_read_and_given_up_with_its_reader() {
    let edge = Edge::new();
    let mut body = watch(&edge, "endless", "application/x-ndjson").send().await.into_body();
    for _ in 0..10 {
        body.frame().await.expect("is not over").expect("goes well");
    }
    assert!(edge.upstream.made.load(Ordering::SeqCst) < 20);
    assert_eq!(edge.upstream.cancelled.load(Ordering::SeqCst), 0);
    drop(body);
    assert_eq!(edge.upstream.cancelled.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stream_of_requests_is_lines_or_an_array_and_its_path_belongs_to_the_first() {
    let edge = Edge::new();
    let expected = json!({"count": 2, "names": ["a", "b"], "batch": "7"});
    for (content_type, body) in [
        ("application/x-ndjson", "{\"name\":\"a\"}\n{\"name\":\"b\"}\n"),
        ("application/jsonl", "{\"name\":\"a\"}\n\n{\"name\":\"b\"}"),
        ("application/json", "[{\"name\":\"a\"}, {\"name\":\"b\"}]"),
    ] {
        let call =
            edge.call(Method::POST, "/v1/batches/7:import?validateOnly=true").header("content-type", content_type);
        assert_eq!(call.body(body).answer().await.ok(), expected, "{content_type}");
    }
    let none = edge.call(Method::POST, "/v1/batches/7:import").body("[]").answer().await;
    assert_eq!(none.ok(), json!({}));
}

#[tokio::test]
async fn what_is_wrong_in_a_stream_of_requests_is_told_wherever_it_is() {
    let edge = Edge::new();
    for (body, reason) in [
        ("{\"nope\":1}\n", "UNKNOWN_FIELD"),
        ("{\"name\":\"a\"}\n{\"nope\":1}\n", "UNKNOWN_FIELD"),
        ("{\"name\":\"a\"}\n{\n", "MALFORMED_JSON"),
    ] {
        let call = edge.call(Method::POST, "/v1/batches/7:import").header("content-type", "application/x-ndjson");
        assert_eq!(call.body(body).answer().await.refused(400, 3), reason, "{body}");
    }
    let call = edge.call(Method::POST, "/v1/batches/7:import").json("[{\"name\":\"a\"},");
    assert_eq!(call.answer().await.refused(400, 3), "MALFORMED_JSON");
    let call = edge.call(Method::POST, "/v1/batches/7:import").json("{}");
    assert_eq!(call.answer().await.refused(400, 3), "MALFORMED_JSON");
}

#[tokio::test]
async fn a_stream_of_requests_goes_on_as_it_arrives() {
    let edge = Edge::new();
    let (send, receive) = mpsc::channel::<Bytes>(1);
    let pieces = tokio_stream::wrappers::ReceiverStream::new(receive).map(|data| Ok(http_body::Frame::data(data)));
    let call = edge.call(Method::POST, "/v1/batches/7:import").header("content-type", "application/x-ndjson");
    let answer = call.streaming(StreamBody::new(pieces)).answer();
    let feed = async {
        for name in ["a", "b", "c"] {
            let before = edge.upstream.arrived.load(Ordering::SeqCst);
            send.send(format!("{{\"name\":\"{name}\"}}\n").into()).await.expect("is read");
            // The service has the message before the next one is sent.
            testkit::eventually("the message arrives", async || {
                (edge.upstream.arrived.load(Ordering::SeqCst) > before).then_some(())
            })
            .await;
        }
        drop(send);
    };
    let (answer, ()) = tokio::join!(answer, feed);
    assert_eq!(answer.ok()["count"], 3);
}

#[tokio::test]
async fn a_conversation_needs_http2() {
    let edge = Edge::new();
    let converse = || {
        edge.call(Method::POST, "/v1/things:converse")
            .header("content-type", "application/x-ndjson")
            .header("accept", "application/x-ndjson")
            .body("{\"title\":\"one\"}\n{\"title\":\"two\"}\n")
    };
    assert_eq!(converse().answer().await.refused(505, 12), "NEEDS_HTTP2");
    assert_eq!(converse().http2().answer().await.text(), "{\"title\":\"one\"}\n{\"title\":\"two\"}\n");
}
