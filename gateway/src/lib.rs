//! The edge: REST transcoding, native gRPC, policy, limits and the OpenAPI document, all from the descriptors.
//!
//! Knows descriptors, never a service: what it does with an RPC comes from its `google.api.http` rule and its
//! policy. It keeps nothing but counts of calls. What can be wrong with a contract's routes is found by
//! [`Gateway::build`], all at once; what goes wrong later is answered in the one shape of `google.rpc.Status`.
//! `edge.rs` has the order in which a request is handled.

mod body;
mod config;
mod cors;
mod edge;
mod failure;
mod grpc;
mod headers;
mod limits;
pub mod metrics;
mod native;
mod observe;
mod openapi;
mod pages;
mod percent;
mod problem;
mod rest;
mod router;
mod routes;
mod schema;
mod server;
mod template;
#[cfg(test)]
mod testing;
mod transcode;

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderName, Request, Response};
use kernel::SharedIds;
use prost::Message;
use prost_reflect::DescriptorPool;
use service_kit::{Contract, Health, Rpc, Tasks, Workload};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use body::Body;
pub use config::{Config, Quota, RateLimits};
pub use edge::Auth;

use edge::Edge;

/// What a gateway is built from, besides its settings.
#[derive(Debug)]
pub struct Parts {
    /// Which RPCs there are, with their routes and policies.
    pub contract: Arc<Contract>,
    /// Where each service is, by full name: `ultramarket.catalog.v1.CatalogService`. Health and reflection
    /// (`grpc.health.v1.Health`, `grpc.reflection.v1.ServerReflection`) may be among them.
    pub upstreams: HashMap<String, Rpc>,
    /// Who may call.
    pub auth: Auth,
    /// What `/health` tells.
    pub health: Health,
    /// New request ids.
    pub ids: SharedIds,
    /// Background work.
    pub tasks: Tasks,
}

/// Why there is no gateway: everything that is wrong, at once.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BuildError(Vec<String>);

/// The edge. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway {
    edge: Arc<Edge>,
}

impl Gateway {
    /// Compiles the contract's routes.
    ///
    /// # Errors
    /// Everything that is wrong with the routes and the settings.
    pub fn build(config: Config, parts: Parts) -> Result<Self, BuildError> {
        let schema = schema::Schema::compile(&with_error_details(parts.contract.pool()));
        let mut problems = Vec::new();
        let routes =
            routes::Routes::compile(&schema, &parts.contract, parts.upstreams).map_err(|found| problems.extend(found));
        let cors = cors::Cors::new(&config.allowed_origins).map_err(|error| problems.push(error.to_string()));
        let limits = limits::Limits::new(&config.rate_limits).map_err(|error| problems.push(error.to_string()));
        let forwarded: Result<Vec<HeaderName>, ()> = config
            .forwarded_headers
            .iter()
            .map(|name| name.parse().map_err(|_| problems.push(format!("`{name}` is no header"))))
            .collect();
        let (Ok(routes), Ok(cors), Ok(limits), Ok(forwarded)) = (routes, cors, limits, forwarded) else {
            return Err(BuildError(problems));
        };
        if let Some(limits) = &limits {
            limits.sweep(&parts.tasks);
        }
        let pages = pages::Pages::new(openapi::write(&parts.contract, &routes, &config.public_url));
        let edge = Edge {
            schema,
            routes,
            forwarded,
            auth: parts.auth,
            limits,
            cors,
            pages,
            health: parts.health,
            ids: parts.ids,
            workload: Workload::named(Workload::GATEWAY),
            config,
        };
        Ok(Self { edge: Arc::new(edge) })
    }

    /// The OpenAPI document.
    ///
    /// # Panics
    /// Never: the document is text.
    #[must_use]
    pub fn openapi(&self) -> &str {
        str::from_utf8(self.edge.pages.openapi()).expect("the document was a string")
    }

    /// Answers one request, without a port.
    pub async fn handle(&self, request: Request<tonic::body::Body>, peer: SocketAddr) -> Response<Body> {
        self.edge.answer(request, peer).await
    }

    /// Serves HTTP/1.1 and HTTP/2 until `shutdown`, then lets calls finish for at most `drain`.
    pub async fn serve(&self, listener: TcpListener, shutdown: CancellationToken, drain: Duration) {
        server::serve(Arc::clone(&self.edge), listener, shutdown, drain).await;
    }
}

/// The descriptors, with those of `google.rpc` error details where they are not among them.
fn with_error_details(pool: &DescriptorPool) -> DescriptorPool {
    let mut pool = pool.clone();
    let set = prost_types::FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .expect("tonic-types carries its own descriptors");
    for file in set.file {
        let known = pool.get_file_by_name(file.name()).is_some()
            || file
                .message_type
                .iter()
                .any(|message| pool.get_message_by_name(&format!("{}.{}", file.package(), message.name())).is_some());
        if !known && let Err(error) = pool.add_file_descriptor_proto(file) {
            // Details of errors are then printed as their bytes.
            tracing::warn!(%error, "add the descriptors of error details");
        }
    }
    pool
}
