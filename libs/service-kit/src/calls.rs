//! Calls between services: one client type, whether the callee is in this process or across the network.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, RwLock},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use crate::deadline;

/// Where an RPC goes: a network channel, or another service of this process.
/// Generated clients take it: `CatalogServiceClient::new(context.calls.rpc("catalog"))`.
/// Its error is a status, as a network failure ends up as one anyway.
pub type Rpc = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// The identity of a process that calls: the name of a service, or `gateway`.
/// Comes from the transport (this process's wiring, or the peer's certificate), never from request data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload(Option<Arc<str>>);

impl Workload {
    /// The edge. It may call every RPC that has a route; the caller behind it is checked by the policy.
    pub const GATEWAY: &'static str = "gateway";

    /// A workload with a name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Some(name.into()))
    }

    /// Its name; none for a peer that has proven nothing.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Knows where each service is. One for a process; [`Calls::of`] gives a service its own view.
#[derive(Clone, Default)]
pub struct Calls {
    workload: Workload,
    services: Arc<RwLock<HashMap<String, Rpc>>>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("workload", &self.workload).finish_non_exhaustive()
    }
}

impl Calls {
    /// No services yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The view of the workload: calls made through it carry its identity.
    #[must_use]
    pub fn of(&self, workload: &str) -> Self {
        Self { workload: Workload::named(workload), services: Arc::clone(&self.services) }
    }

    /// Says where a service is. Services may be registered after others hold an [`Rpc`] to them.
    ///
    /// # Panics
    /// If another thread panicked while registering.
    pub fn register(&self, service: &str, rpc: Rpc) {
        self.services.write().expect("registering does not panic").insert(service.to_owned(), rpc);
    }

    /// Forgets all services, when the process stops: services and their callers hold each other otherwise.
    ///
    /// # Panics
    /// If another thread panicked while registering.
    pub fn close(&self) {
        self.services.write().expect("registering does not panic").clear();
    }

    /// Where calls to the service go. It is looked up at each call, so start order does not matter.
    #[must_use]
    pub fn rpc(&self, service: &'static str) -> Rpc {
        BoxCloneSyncService::new(Outgoing { service, calls: self.clone() })
    }

    fn find(&self, service: &str) -> Option<Rpc> {
        self.services.read().expect("registering does not panic").get(service).cloned()
    }
}

/// A call on its way out: adds who calls, how long it may take and which trace it belongs to.
#[derive(Clone)]
struct Outgoing {
    service: &'static str,
    calls: Calls,
}

/// The service is not there (yet).
#[derive(Debug, thiserror::Error)]
#[error("service {0} is not running")]
struct NotRunning(&'static str);

impl Service<http::Request<Body>> for Outgoing {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let Some(rpc) = self.calls.find(self.service) else {
            let status = crate::status(crate::Error::Unavailable { what: self.service });
            tracing::warn!(error = %NotRunning(self.service), "call a service");
            return Box::pin(async move { Ok(status.into_http()) });
        };
        // Extensions would carry an identity past authentication when callee and caller share a process.
        *request.extensions_mut() = http::Extensions::new();
        request.extensions_mut().insert(self.calls.workload.clone());
        if !request.headers().contains_key(deadline::HEADER)
            && let Some(timeout) = deadline::outgoing()
        {
            request.headers_mut().insert(deadline::HEADER, timeout);
        }
        if let Some(traceparent) = crate::telemetry::traceparent() {
            request.headers_mut().insert(crate::metadata::TRACEPARENT, traceparent);
        }
        Box::pin(rpc.oneshot(request))
    }
}
