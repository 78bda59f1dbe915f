//! What happens around every handler, in one readable order.
//!
//! 1. the RPC is looked up: what is not in the contract is left to the router, which answers UNIMPLEMENTED
//! 2. trace: the caller's trace goes on in a span of ours
//! 3. count and time: everything below is counted, refusals and panics too
//! 4. deadline: the shorter of the caller's and the policy's; what is left is what callees get
//! 5. authenticate: a token, where sent, must hold
//! 6. authorize: the calling workload and the account must be those of the policy; default is deny
//! 7. idempotency key: present and well-formed where the policy asks for one
//! 8. validate: the field rules of a unary request, all violations at once
//! 9. detach: a handler that may change something finishes even when its caller goes away
//! 10. shield: a panic ends the call, not the process

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderMap, Request, Response, request::Parts};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::Instant;
use tonic::{Status, body::Body, service::Routes};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::{
    Account, Caller, Contract, Error, Tasks, Verifier, Workload,
    contract::{Access, Idempotency, Method, Policy},
    deadline, metadata, metrics as names, telemetry,
};

/// A unary request may be so large: header names, prices and texts fit many times.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
const MAX_KEY_BYTES: usize = 255;
/// Length of the prefix of a gRPC message: one flag and four bytes of length.
const PREFIX: usize = 5;

/// A service behind the pipeline.
#[derive(Clone)]
pub(crate) struct Pipeline {
    shared: Arc<Shared>,
}

struct Shared {
    routes: Routes,
    contract: Arc<Contract>,
    verifier: Arc<Verifier>,
    tasks: Tasks,
}

impl Pipeline {
    pub(crate) fn new(routes: Routes, contract: Arc<Contract>, verifier: Arc<Verifier>, tasks: Tasks) -> Self {
        Self { shared: Arc::new(Shared { routes, contract, verifier, tasks }) }
    }
}

impl Service<Request<Body>> for Pipeline {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(shared.answer(request).await) })
    }
}

impl Shared {
    async fn answer(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let Some(method) = self.contract.method(request.uri().path()).cloned() else {
            return route(self.routes.clone(), request).await;
        };
        let traceparent = telemetry::continue_trace(request.headers());
        let span = tracing::info_span!("rpc", rpc.service = %method.service, rpc.method = %method.name, trace.id = %telemetry::trace_id(&traceparent));
        let begun = Instant::now();
        let call = Arc::clone(&self).admit_and_run(Arc::clone(&method), request, begun);
        let outcome = telemetry::scope(traceparent, call.instrument(span)).await;
        let response = outcome.unwrap_or_else(|error| Status::from(error).into_http());
        count(&method, &response, begun.elapsed());
        response
    }

    async fn admit_and_run(
        self: Arc<Self>,
        method: Arc<Method>,
        request: Request<Body>,
        begun: Instant,
    ) -> Result<Response<Body>, Error> {
        let allowed = time_allowed(&method.policy, request.headers())?;
        let deadline = begun + allowed;
        let run = deadline::scope(deadline, async move {
            let (mut parts, body) = request.into_parts();
            let caller = self.admit(&method, &parts).await?;
            parts.extensions.insert(caller);
            let body = self.validated(&method, body).await?;
            let request = Request::from_parts(parts, body);
            self.run(&method, request, deadline).await
        });
        // Bounds the time to the reply's head; the streams of server-streaming calls are bounded where they are made.
        tokio::time::timeout_at(deadline, run).await.unwrap_or(Err(Error::DeadlineExceeded))
    }

    async fn admit(&self, method: &Method, call: &Parts) -> Result<Caller, Error> {
        let workload = call.extensions.get::<Workload>().cloned().unwrap_or_default();
        let account = match bearer(&call.headers)? {
            Some(token) => Some(self.verifier.verify(token).await?),
            None => None,
        };
        authorize(&method.policy, &workload, account.as_deref())?;
        if method.policy.idempotency_key_required {
            check_idempotency_key(&call.headers)?;
        }
        if method.policy.audited {
            let account = account.as_ref().map_or("-", |account| account.id.as_str());
            tracing::info!(target: "audit", rpc = %method.path, account.id = account, workload = workload.name().unwrap_or("-"), "audited call");
        }
        Ok(Caller::new(workload, account, call.headers.clone()))
    }

    /// Reads a unary request whole and checks it against its field rules. Streams are checked by their handlers.
    async fn validated(&self, method: &Method, body: Body) -> Result<Body, Error> {
        if method.client_streaming() {
            return Ok(body);
        }
        let too_large = Error::TooLarge { limit: MAX_REQUEST_BYTES };
        let bytes = match Limited::new(body, MAX_REQUEST_BYTES + PREFIX).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => return Err(too_large),
            // The caller went away or broke the protocol; nobody reads this answer.
            Err(_) => return Err(Error::InvalidRequest(Vec::new())),
        };
        if let Some(message) = message(&bytes) {
            let checked = self.contract.validate_encoded(method.input().full_name(), message);
            checked.map_err(Error::InvalidRequest)?;
        }
        Ok(Body::new(Full::new(bytes).map_err(crate::health::infallible)))
    }

    async fn run(
        self: &Arc<Self>,
        method: &Method,
        request: Request<Body>,
        deadline: Instant,
    ) -> Result<Response<Body>, Error> {
        let routes = self.routes.clone();
        if method.idempotency == Idempotency::NoSideEffects || method.client_streaming() {
            let shielded = AssertUnwindSafe(route(routes, request)).catch_unwind().await;
            return shielded.map_err(|_| Error::Panic);
        }
        let traceparent = telemetry::current_trace();
        let work = deadline::scope(deadline, route(routes, request)).in_current_span();
        let detached = self.tasks.spawn("handler", telemetry::scope(traceparent, work));
        match detached.await {
            Ok(Some(response)) => Ok(response),
            Ok(None) | Err(_) => Err(Error::Panic),
        }
    }
}

async fn route(routes: Routes, request: Request<Body>) -> Response<Body> {
    let Ok(response) = routes.oneshot(request).await;
    response
}

fn time_allowed(policy: &Policy, headers: &HeaderMap) -> Result<Duration, Error> {
    let malformed = |_| Error::InvalidRequest(vec![kernel::Violation::new("grpc-timeout", "is malformed")]);
    let asked = deadline::incoming(headers).map_err(malformed)?;
    Ok(asked.map_or(policy.deadline, |asked| asked.min(policy.deadline)))
}

/// The token of the `authorization` header. Other schemes are not ours: refused, not ignored.
///
/// # Errors
/// [`Error::InvalidToken`] for a header of another form.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(value) = headers.get(metadata::AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Error::InvalidToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(Error::InvalidToken) }
}

/// Decides by the policy alone. The gateway uses the same function at the edge.
///
/// # Errors
/// Why the call is refused.
pub fn authorize(policy: &Policy, workload: &Workload, account: Option<&Account>) -> Result<(), Error> {
    let own_behalf = workload.name().is_some_and(|name| policy.services.iter().any(|service| service == name));
    if workload.name() != Some(Workload::GATEWAY) && !own_behalf {
        return Err(Error::WorkloadNotAllowed);
    }
    match policy.access {
        Access::Deny => Err(Error::WorkloadNotAllowed),
        Access::Public | Access::Guest => Ok(()),
        Access::Authenticated | Access::Roles if own_behalf && account.is_none() => Ok(()),
        Access::Authenticated => account.map(|_| ()).ok_or(Error::MissingToken),
        Access::Roles => {
            let account = account.ok_or(Error::MissingToken)?;
            let allowed = policy.roles.iter().any(|role| account.has_role(role));
            if allowed { Ok(()) } else { Err(Error::MissingRole { roles: policy.roles.clone() }) }
        }
    }
}

fn check_idempotency_key(headers: &HeaderMap) -> Result<(), Error> {
    let mut keys = headers.get_all(metadata::IDEMPOTENCY_KEY).iter();
    let key = keys.next().ok_or(Error::MissingIdempotencyKey)?;
    let well_formed = keys.next().is_none()
        && (1..=MAX_KEY_BYTES).contains(&key.len())
        && key.as_bytes().iter().all(u8::is_ascii_graphic);
    if well_formed { Ok(()) } else { Err(Error::MalformedIdempotencyKey) }
}

/// The one message of a unary request. Anything else (compressed, cut off) is left to tonic, which refuses it.
fn message(bytes: &Bytes) -> Option<&[u8]> {
    let (prefix, message) = bytes.split_at_checked(PREFIX)?;
    let length = u32::from_be_bytes(prefix[1..].try_into().ok()?) as usize;
    (prefix[0] == 0 && length == message.len()).then_some(message)
}

fn count(method: &Method, response: &Response<Body>, took: Duration) {
    // The code of a reply with a body is in its trailers; only failures are known from the head.
    let code = Status::from_header_map(response.headers()).map_or(tonic::Code::Ok, |status| status.code());
    let labels = [("grpc_service", method.service.clone()), ("grpc_method", method.name.clone())];
    metrics::histogram!(names::GRPC_HANDLING, &labels).record(took.as_secs_f64());
    metrics::counter!(names::GRPC_HANDLED, "grpc_service" => method.service.clone(), "grpc_method" => method.name.clone(), "grpc_code" => format!("{code:?}")).increment(1);
}

#[cfg(test)]
mod tests;
