use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::harness::Edge;

#[tokio::test]
async fn errors_of_services_keep_their_reason_and_get_their_http_status() {
    let edge = Edge::new();
    for (name, status, code, reason) in [
        ("missing", 404, 5, "THING_NOT_FOUND"),
        ("broke", 409, 9, "OUT_OF_STOCK"),
        ("reused", 422, 3, "IDEMPOTENCY_KEY_REUSED"),
        ("away", 503, 14, "UNAVAILABLE"),
    ] {
        let answer = edge.get(&format!("/v1/things/{name}")).answer().await;
        assert_eq!(answer.refused(status, code), reason);
    }
    assert_eq!(edge.get("/v1/things/away").answer().await.header("retry-after"), "1");
}

#[tokio::test]
async fn an_unknown_path_and_an_unknown_method_are_told_apart() {
    let edge = Edge::new();
    assert_eq!(edge.get("/v1/nope").answer().await.refused(404, 5), "ROUTE_NOT_FOUND");
    assert_eq!(edge.get("/v1/things/a/").answer().await.refused(404, 5), "ROUTE_NOT_FOUND");
    let answer = edge.call(Method::PUT, "/v1/things/a").answer().await;
    assert_eq!(answer.refused(405, 12), "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), "DELETE, GET, HEAD, OPTIONS, PATCH");
    assert_eq!(edge.get("/v1/things/a:setLabels").answer().await.refused(405, 12), "METHOD_NOT_ALLOWED");
    assert_eq!(edge.get("/v1/%2e%2e/things").answer().await.refused(400, 3), "MALFORMED_PATH");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_path() {
    let edge = Edge::new();
    let answer = edge.post("/v1/echo", r#"{"children":[{"nope":1}]}"#).answer().await;
    assert_eq!(answer.refused(400, 3), "UNKNOWN_FIELD");
    let violation = json!({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": "children[0].nope", "description": "everything.v1.Everything has no such field"}]
    });
    assert!(answer.json()["details"].as_array().expect("is a list").contains(&violation), "{}", answer.text());

    for (body, reason) in [
        ("{", "MALFORMED_JSON"),
        ("{} x", "MALFORMED_JSON"),
        (" ", "MALFORMED_JSON"),
        ("\u{feff}{}", "MALFORMED_JSON"),
        (r#"{"int32Value":"x"}"#, "INVALID_VALUE"),
        (r#"{"int32Value":1,"int32_value":1}"#, "FIELD_SET_TWICE"),
    ] {
        assert_eq!(edge.post("/v1/echo", body).answer().await.refused(400, 3), reason, "{body}");
    }
    assert_eq!(edge.get("/v1/things/a?nope=1").answer().await.refused(400, 3), "UNKNOWN_PARAMETER");
    assert_eq!(edge.get("/v1/echo/x").answer().await.refused(400, 3), "INVALID_VALUE");
    assert_eq!(
        edge.post("/v1/echo", b"{\"stringValue\":\"\xff\"}".as_slice()).answer().await.refused(400, 3),
        "MALFORMED_JSON"
    );
}

#[tokio::test]
async fn only_json_is_taken_for_json() {
    let edge = Edge::new();
    let post = |content_type: &str| edge.call(Method::POST, "/v1/echo").header("content-type", content_type).body("{}");
    for content_type in
        ["application/json", "application/json; charset=UTF-8", "APPLICATION/JSON", "application/merge-patch+json"]
    {
        post(content_type).answer().await.ok();
    }
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "multipart/form-data"]
    {
        assert_eq!(post(content_type).answer().await.refused(415, 3), "UNSUPPORTED_MEDIA_TYPE", "{content_type}");
    }
    edge.call(Method::POST, "/v1/echo").body("{}").answer().await.ok();
    let compressed = edge.post("/v1/echo", "{}").header("content-encoding", "gzip").answer().await;
    assert_eq!(compressed.refused(415, 3), "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn a_body_has_a_largest_size_whether_its_length_is_told_or_not() {
    let edge = Edge::with(|config| config.body_limit = 100);
    let body = format!("{{\"stringValue\":\"{}\"}}", "x".repeat(100));
    assert_eq!(edge.post("/v1/echo", body.clone()).answer().await.refused(413, 8), "REQUEST_TOO_LARGE");
    let pieces: Vec<_> =
        body.into_bytes().chunks(10).map(|piece| Ok(http_body::Frame::data(piece.to_vec().into()))).collect();
    let body = http_body_util::StreamBody::new(futures::stream::iter(pieces));
    let answer = edge.call(Method::POST, "/v1/echo").streaming(body).answer().await;
    assert_eq!(answer.refused(413, 8), "REQUEST_TOO_LARGE");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_the_clients_fault() {
    let edge = Edge::new();
    let pieces = [Ok(http_body::Frame::data("{".into())), Err(std::io::ErrorKind::ConnectionReset.into())];
    let body = http_body_util::StreamBody::new(futures::stream::iter(pieces));
    let answer = edge.call(Method::POST, "/v1/echo").streaming(body).answer().await;
    assert_eq!(answer.refused(400, 3), "BODY_BROKEN");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_and_a_service_that_does_not_answer_end_in_time() {
    let edge = Edge::with(|config| config.body_seconds = 1);
    let body = http_body_util::StreamBody::new(futures::stream::pending());
    let answer = edge.call(Method::POST, "/v1/echo").streaming(body).answer().await;
    assert_eq!(answer.refused(408, 4), "BODY_TOO_SLOW");

    let begun = tokio::time::Instant::now();
    assert_eq!(edge.get("/v1/things/hang").answer().await.refused(504, 4), "DEADLINE_EXCEEDED");
    assert!(begun.elapsed() >= Duration::from_secs(3) && begun.elapsed() < Duration::from_secs(4));
    let begun = tokio::time::Instant::now();
    let answer = edge.get("/v1/things/hang").header("grpc-timeout", "100m").answer().await;
    assert_eq!(answer.refused(504, 4), "DEADLINE_EXCEEDED");
    assert!(begun.elapsed() < Duration::from_secs(1));
    let answer = edge.get("/v1/things/a").header("grpc-timeout", "1 s").answer().await;
    assert_eq!(answer.refused(400, 3), "MALFORMED_TIMEOUT");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_rpc_runs_once_its_request_is_here_and_its_clients_all_along() {
    let edge = Edge::new();
    let slowly = || {
        let data = futures::stream::once(async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Ok(http_body::Frame::data("{}".into()))
        });
        edge.call(Method::POST, "/v1/echo").streaming(http_body_util::StreamBody::new(data))
    };
    slowly().answer().await.ok();
    let answer = slowly().header("grpc-timeout", "10S").answer().await;
    assert_eq!(answer.refused(504, 4), "DEADLINE_EXCEEDED");
    let never = http_body_util::StreamBody::new(futures::stream::pending());
    let answer = edge.call(Method::POST, "/v1/echo").streaming(never).answer().await;
    assert_eq!(answer.refused(408, 4), "BODY_TOO_SLOW");
}

#[tokio::test]
async fn a_stored_error_says_that_it_is_one() {
    let edge = Edge::new();
    let answer = edge.get("/v1/things/replayed").answer().await;
    assert_eq!(answer.refused(409, 9), "OUT_OF_STOCK");
    assert_eq!(answer.header("idempotent-replayed"), "true");
    let answer = edge.get("/v1/things/broke").answer().await;
    assert!(!answer.headers.contains_key("idempotent-replayed"));
}

#[tokio::test]
async fn a_panic_ends_one_call_and_tells_nothing() {
    let edge = Edge::new();
    let answer = edge.get("/v1/things/panic").answer().await;
    assert_eq!(answer.refused(500, 13), "INTERNAL");
    assert!(!answer.text().contains("told to"));
    edge.get("/v1/things/a").answer().await.ok();
}
