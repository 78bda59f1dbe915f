use http::{Method, StatusCode};

use crate::harness::Edge;

#[tokio::test]
async fn health_tells_whether_traffic_may_come_and_nothing_else() {
    let edge = Edge::new();
    assert_eq!(edge.get("/health").answer().await.ok()["status"], "ready");
    edge.health.not_ready("order", "database is locked");
    let answer = edge.get("/health").answer().await;
    assert_eq!((answer.status, answer.text()), (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#));
}

#[tokio::test]
async fn the_document_is_served_once_to_those_who_have_it() {
    let edge = Edge::new();
    let document = edge.get("/openapi.json").answer().await;
    assert_eq!(document.text(), edge.gateway.openapi());
    assert_eq!(document.ok()["openapi"], "3.1.0");
    let again = edge.get("/openapi.json").header("if-none-match", document.header("etag")).answer().await;
    assert_eq!((again.status, again.text()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(edge.call(Method::POST, "/openapi.json").answer().await.refused(405, 12), "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn the_page_to_try_it_needs_nothing_from_elsewhere() {
    let edge = Edge::new();
    for (path, content_type) in
        [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")]
    {
        let page = edge.get(path).answer().await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.header("content-type").starts_with(content_type));
        assert!(!page.text().contains("://"), "{path} refers to another place");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    }
}
