//! What a handler knows about its call, and what it passes on.

use std::sync::Arc;

use http::HeaderMap;
use tonic::{Request, metadata::MetadataMap};

use crate::{Account, Error, Workload};

/// Names of the metadata, in gRPC as in HTTP, that our calls carry.
pub mod metadata {
    /// The access token, `Bearer …`.
    pub const AUTHORIZATION: &str = "authorization";
    /// Names one intent: calls with the same key take effect once.
    pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
    /// In a reply: it is that of an earlier call with the same key.
    pub const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";
    /// A guest's secret for their cart.
    pub const CART_TOKEN: &str = "x-cart-token";
    /// A guest's secret for their order.
    pub const ORDER_TOKEN: &str = "x-order-token";
    /// Names the request in logs.
    pub const REQUEST_ID: &str = "x-request-id";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
}

/// Who is behind a call, established by the pipeline: handlers never read it from request data.
#[derive(Clone, Debug, Default)]
pub struct Caller(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    workload: Workload,
    account: Option<Arc<Account>>,
    headers: HeaderMap,
}

impl Caller {
    pub(crate) fn new(workload: Workload, account: Option<Arc<Account>>, headers: HeaderMap) -> Self {
        Self(Arc::new(Inner { workload, account, headers }))
    }

    /// The caller of a request.
    ///
    /// # Panics
    /// Never behind the pipeline, which sets it on each request.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Self {
        request.extensions().get::<Self>().expect("the pipeline sets the caller on each request").clone()
    }

    /// The signed-in account, if any.
    #[must_use]
    pub fn signed_in(&self) -> Option<&Account> {
        self.0.account.as_deref()
    }

    /// The signed-in account.
    ///
    /// # Errors
    /// [`Error::MissingToken`].
    pub fn account(&self) -> Result<&Account, Error> {
        self.signed_in().ok_or(Error::MissingToken)
    }

    /// Whether the caller is a signed-in administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.signed_in().is_some_and(|account| account.has_role("ADMIN"))
    }

    /// The workload that made the call: the gateway, or another service.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        &self.0.workload
    }

    /// A value of the call's metadata.
    #[must_use]
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The secret of a guest's cart.
    #[must_use]
    pub fn cart_token(&self) -> Option<&str> {
        self.metadata(metadata::CART_TOKEN).filter(|token| !token.is_empty())
    }

    /// The secret of a guest's order.
    #[must_use]
    pub fn order_token(&self) -> Option<&str> {
        self.metadata(metadata::ORDER_TOKEN).filter(|token| !token.is_empty())
    }

    /// Puts the caller's own proofs on a request to another service, which verifies them itself.
    pub fn forward<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for name in [metadata::AUTHORIZATION, metadata::CART_TOKEN, metadata::ORDER_TOKEN] {
            copy(&self.0.headers, request.metadata_mut(), name);
        }
        request
    }
}

fn copy(from: &HeaderMap, to: &mut MetadataMap, name: &'static str) {
    if let Some(value) = from.get(name).and_then(|value| value.to_str().ok()?.parse().ok()) {
        to.insert(name, value);
    }
}

/// Sets a value of a reply's metadata, which the gateway turns into a response header.
///
/// # Panics
/// If `value` is not printable ASCII.
pub fn outgoing<T>(response: &mut tonic::Response<T>, name: &'static str, value: &str) {
    response.metadata_mut().insert(name, value.parse().expect("values of ours are printable ASCII"));
}
