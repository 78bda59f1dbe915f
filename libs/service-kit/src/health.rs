//! Whether the process lives and is ready, and its metrics, on a port of their own.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, RwLock},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{Rpc, Tasks};

/// How a part of the process is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// Works, but not with everything.
    Degraded(String),
    NotReady(String),
}

/// What is not well, by part. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<RwLock<BTreeMap<String, State>>>);

impl Health {
    /// Everything is well.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The part works.
    pub fn ready(&self, part: &str) {
        self.set(part, State::Ready);
    }

    /// The part works, but not with everything: traffic may still come.
    pub fn degraded(&self, part: &str, why: &str) {
        self.set(part, State::Degraded(why.to_owned()));
    }

    /// The part does not work: no traffic should come.
    pub fn not_ready(&self, part: &str, why: &str) {
        self.set(part, State::NotReady(why.to_owned()));
    }

    fn set(&self, part: &str, state: State) {
        self.0.write().expect("setting a state does not panic").insert(part.to_owned(), state);
    }

    /// Whether traffic may come.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.parts().values().any(|state| matches!(state, State::NotReady(_)))
    }

    fn parts(&self) -> BTreeMap<String, State> {
        self.0.read().expect("setting a state does not panic").clone()
    }

    /// `{"status":"ready","parts":{"search":"degraded: rebuilding"}}`, with 200 or 503.
    #[must_use]
    pub fn report(&self) -> (StatusCode, String) {
        let (code, status) =
            if self.is_ready() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
        let parts: BTreeMap<String, String> = self
            .parts()
            .into_iter()
            .map(|(part, state)| {
                let text = match state {
                    State::Ready => "ready".to_owned(),
                    State::Degraded(why) => format!("degraded: {why}"),
                    State::NotReady(why) => format!("not ready: {why}"),
                };
                (part, text)
            })
            .collect();
        (code, serde_json::json!({ "status": status, "parts": parts }).to_string())
    }
}

/// The admin endpoints: `/health/live`, `/health/ready` and `/metrics`.
#[derive(Clone)]
pub struct Admin {
    health: Health,
    metrics: PrometheusHandle,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

impl Admin {
    /// Over the health and the metrics of the process.
    #[must_use]
    pub fn new(health: Health, metrics: PrometheusHandle) -> Self {
        Self { health, metrics }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let json = "application/json";
        let (code, content_type, body) = match path {
            // Live means that the runtime turns; it never asks a database.
            "/health/live" => (StatusCode::OK, json, r#"{"status":"live"}"#.to_owned()),
            "/health/ready" => {
                let (code, body) = self.health.report();
                (code, json, body)
            }
            "/metrics" => (StatusCode::OK, "text/plain; version=0.0.4", self.metrics.render()),
            _ => (
                StatusCode::NOT_FOUND,
                json,
                r#"{"status":"no such page; try /health/live, /health/ready, /metrics"}"#.to_owned(),
            ),
        };
        let response = Response::builder().status(code).header(http::header::CONTENT_TYPE, content_type);
        response.body(Full::from(body)).expect("a constant head is valid")
    }

    /// Serves until the process stops. Returns the address that was bound.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(self, listener: TcpListener, tasks: &Tasks) -> std::io::Result<SocketAddr> {
        let address = listener.local_addr()?;
        let connections = tasks.clone();
        let stop = tasks.stopping();
        let accept = async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = stop.cancelled() => return,
                };
                match accepted {
                    Ok((stream, _)) => {
                        drop(connections.spawn("admin connection", self.clone().converse(stream, stop.clone())))
                    }
                    // Out of file descriptors, most likely: let some close.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        drop(tasks.spawn("admin", accept));
        Ok(address)
    }

    async fn converse(self, stream: tokio::net::TcpStream, stop: tokio_util::sync::CancellationToken) {
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let response = self.answer(request.uri().path());
            async move { Ok::<_, Infallible>(response) }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
        builder.http2().timer(TokioTimer::new());
        tokio::select! {
            result = builder.serve_connection(TokioIo::new(stream), service) => {
                if let Err(error) = result {
                    tracing::debug!(%error, "admin connection ended");
                }
            }
            () = stop.cancelled() => {}
        }
    }
}

/// What cannot happen, as the error of an [`Rpc`].
pub(crate) fn infallible(never: Infallible) -> tonic::Status {
    match never {}
}

/// The gRPC health service for the named services, all serving.
pub async fn grpc_health(services: &[&str]) -> Rpc {
    let (reporter, server) = tonic_health::server::health_reporter();
    for service in services {
        reporter.set_service_status(*service, tonic_health::ServingStatus::Serving).await;
    }
    bare(tonic::service::Routes::new(server))
}

/// Calls to a generated server with no pipeline around it: for infrastructure such as health, and for tests.
#[must_use]
pub fn bare(routes: tonic::service::Routes) -> Rpc {
    let routes = routes.prepare();
    BoxCloneSyncService::new(routes.map_request(|request: Request<tonic::body::Body>| request).map_err(infallible))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_that_is_not_ready_makes_the_process_not_ready() {
        let health = Health::new();
        health.ready("order");
        health.degraded("search", "rebuilding");
        assert_eq!(health.report().0, StatusCode::OK);
        health.not_ready("catalog", "database is locked");
        let (code, body) = health.report();
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
        assert_contains(&body, &["degraded: rebuilding", "not ready: database is locked"]);
    }

    fn assert_contains(text: &str, parts: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    }
}
