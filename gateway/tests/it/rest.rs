use http::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Call, Edge};

#[tokio::test]
async fn a_call_becomes_a_message_and_its_reply_becomes_json() {
    let edge = Edge::new();
    let body = r#"{"int64Value":"7","child":{"texts":{"a":"b"}},"time":"2026-11-20T16:30:00Z"}"#;
    assert_eq!(
        edge.post("/v1/echo", body).answer().await.ok().to_string(),
        json!({
            "int64Value": "7", "child": {"texts": {"a": "b"}}, "time": "2026-11-20T16:30:00Z"
        })
        .to_string()
    );
    assert_eq!(
        edge.get("/v1/echo/9?stringValue=a+b").answer().await.ok(),
        json!({"int64Value": "9", "stringValue": "a b"})
    );
    assert_eq!(edge.get("/v1/nested/a/b%2Fc/d").answer().await.ok(), json!({"child": {"stringValue": "a/b%2Fc/d"}}));
    let both = edge.call(Method::PUT, "/v1/echo/x/3").json(r#"{"boolValue":true}"#).answer().await;
    assert_eq!(both.ok(), json!({"boolValue": true, "stringValue": "x", "child": {"int32Value": 3}}));
}

#[tokio::test]
async fn one_field_can_be_the_body_and_another_the_reply() {
    let edge = Edge::new();
    let answer = edge.post("/v1/things/a:setLabels", r#"{"x":"y"}"#).answer().await;
    assert_eq!(answer.ok(), json!({"x": "y"}));
    assert_eq!(edge.post("/v1/things/a:setLabels", "").answer().await.ok(), json!({}));
}

#[tokio::test]
async fn services_see_some_headers_and_clients_see_some_metadata() {
    let edge = Edge::with(|config| config.forwarded_headers = vec!["x-signature".to_owned()]);
    let answer = edge
        .get("/v1/things/a")
        .header("x-cart-token", "cart")
        .header("idempotency-key", "key")
        .header("grpc-metadata-x-tenant", "t")
        .header("x-signature", "s")
        .header("x-forwarded-client-cert", "By=me")
        .header("cookie", "a=b")
        .header("x-request-id", "my-request")
        .answer()
        .await;
    let (upstream, seen) = (&edge.upstream, |name: &str| edge.upstream.saw(name));
    assert_eq!((seen("x-cart-token").as_deref(), seen("idempotency-key").as_deref()), (Some("cart"), Some("key")));
    assert_eq!((seen("x-tenant").as_deref(), seen("x-signature").as_deref()), (Some("t"), Some("s")));
    assert_eq!((upstream.saw("x-forwarded-client-cert"), upstream.saw("cookie")), (None, None));
    assert_eq!(seen("x-request-id").as_deref(), Some("my-request"));
    assert!(seen("grpc-timeout").is_some_and(|timeout| timeout.ends_with('u')));

    answer.ok();
    assert_eq!((answer.header("x-cart-token"), answer.header("idempotent-replayed")), ("cart", "true"));
    assert_eq!(answer.header("x-internal"), "");
    assert_eq!(answer.header("x-request-id"), "my-request");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_request_id_that_could_break_logs_is_replaced() {
    let edge = Edge::new();
    for id in ["", "a b", "\"", &"x".repeat(65)] {
        let answer = edge.get("/v1/things/a").header("x-request-id", id).answer().await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{id}");
    }
}

#[tokio::test]
async fn only_what_everybody_may_read_may_be_kept_by_a_cache() {
    let edge = Edge::new();
    let caching = async |call: Call<'_>| call.answer().await.header("cache-control").to_owned();
    assert_eq!(caching(edge.get("/v1/things/a")).await, "");
    assert_eq!(caching(edge.get("/v1/things/missing")).await, "no-store");
    assert_eq!(caching(edge.post("/v1/echo", "{}")).await, "no-store");
}

#[tokio::test]
async fn etags_spare_replies_and_guard_changes() {
    let edge = Edge::new();
    let read = edge.get("/v1/things/a").answer().await;
    assert_eq!(read.header("etag"), "\"v1\"");
    for known in ["\"v1\"", "W/\"v1\"", "\"x\", \"v1\"", "*"] {
        let answer = edge.get("/v1/things/a").header("if-none-match", known).answer().await;
        assert_eq!((answer.status, answer.text(), answer.header("etag")), (StatusCode::NOT_MODIFIED, "", "\"v1\""));
    }
    edge.get("/v1/things/a").header("if-none-match", "\"v0\"").answer().await.ok();

    let change = |etag: &str| {
        edge.call(Method::PATCH, "/v1/things/a")
            .json(r#"{"title":"T"}"#)
            .signed_in("ann", &[])
            .header("idempotency-key", "1")
            .header("if-match", etag)
    };
    assert_eq!(change("\"v1\"").answer().await.header("etag"), "\"v2\"");
    assert_eq!(change("*").answer().await.status, StatusCode::OK);
    assert_eq!(change("\"v0\"").answer().await.refused(412, 10), "ETAG_MISMATCH");
    assert_eq!(change("W/\"v1\"").answer().await.refused(412, 10), "ETAG_MISMATCH");
    assert_eq!(change("\"a\", \"b\"").answer().await.refused(400, 3), "IF_MATCH_UNUSABLE");
    let answer = edge.post("/v1/echo", "{}").header("if-match", "\"v1\"").answer().await;
    assert_eq!(answer.refused(400, 3), "IF_MATCH_UNUSABLE");
    // Where the etag came in the body, the conflict is one of the body.
    let stale = edge.call(Method::PATCH, "/v1/things/a").json(r#"{"etag":"v0"}"#).signed_in("ann", &[]);
    assert_eq!(stale.answer().await.refused(409, 10), "ETAG_MISMATCH");
}

#[tokio::test]
async fn head_is_get_without_the_body_and_options_tells_the_methods() {
    let edge = Edge::new();
    let get = edge.get("/v1/things/a").answer().await;
    let head = edge.call(Method::HEAD, "/v1/things/a").answer().await;
    assert_eq!((head.status, head.text()), (StatusCode::OK, ""));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("etag"), "\"v1\"");
    let options = edge.call(Method::OPTIONS, "/v1/things/a").answer().await;
    assert_eq!(
        (options.status, options.header("allow")),
        (StatusCode::NO_CONTENT, "DELETE, GET, HEAD, OPTIONS, PATCH")
    );
    assert_eq!(edge.call(Method::OPTIONS, "/nope").answer().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn raw_bytes_go_both_ways_untouched() {
    let edge = Edge::new();
    let bytes: Vec<u8> = (0..=255).collect();
    let upload =
        edge.call(Method::POST, "/v1/uploads/a").header("content-type", "image/x").body(bytes.clone()).answer().await;
    assert_eq!(
        (upload.status, upload.header("content-type"), &upload.body[..]),
        (StatusCode::OK, "image/x", &bytes[..])
    );
    let download = edge.get("/v1/downloads/a").answer().await;
    assert_eq!((download.header("content-type"), &download.body[..]), ("image/x", &b"\x00one\ntwo\xff"[..]));
}

#[tokio::test]
async fn a_get_does_not_read_its_body() {
    let edge = Edge::new();
    let answer = edge.get("/v1/echo/9").json(r#"{"stringValue":"x"}"#).answer().await;
    assert_eq!(answer.ok(), json!({"int64Value": "9"}));
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let edge = Edge::with(|config| config.allowed_origins = vec!["https://shop.example".to_owned()]);
    let preflight = edge
        .call(Method::OPTIONS, "/v1/things/a")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "PATCH")
        .answer()
        .await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://shop.example");
    assert!(preflight.header("access-control-allow-methods").contains("PATCH"));
    assert!(preflight.header("access-control-allow-headers").contains("idempotency-key"));
    let error = edge.get("/v1/things/missing").header("origin", "https://shop.example").answer().await;
    assert_eq!(error.header("access-control-allow-origin"), "https://shop.example");
    let other = edge.get("/v1/things/a").header("origin", "https://evil.example").answer().await;
    assert_eq!((other.header("access-control-allow-origin"), other.header("vary")), ("", "origin"));
}
