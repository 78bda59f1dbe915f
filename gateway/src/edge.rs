//! What happens to every request, in one readable order.
//!
//! 1. shield: a panic answers 500 and ends nothing else
//! 2. request id and trace: the caller's if well-formed, else new; both go on to services
//! 3. observe: everything below is counted, timed and logged, refusals too
//! 4. CORS: what pages of other origins may do, on every answer
//! 5. route: a page of the edge, an RPC by its gRPC path, or a REST route
//! 6. authenticate: a token, where sent, must hold, even where none is needed
//! 7. authorize: the policy of the RPC; default is deny. The service decides again by the same function
//! 8. limit: one more call of this caller in this class
//! 9. deadline: the shorter of the client's and the policy's
//! 10. transcode, call and transcode back ([`crate::rest`]), or pass through ([`crate::native`])

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{ALLOW, CONTENT_TYPE},
};
use kernel::SharedIds;
use service_kit::{Account, Health, Verifier, Workload, contract::Access, metadata};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::{
    body::Body,
    config::Config,
    cors::Cors,
    failure::Failure,
    limits::{self, Limits},
    native,
    observe::{Observed, Route as Label},
    pages::Pages,
    problem::Problem,
    rest,
    router::Found,
    routes::{Routes, Target},
    schema::Schema,
};

/// A service's own answer gets so much longer than its deadline, so that it and not ours is what a client sees.
const GRACE: Duration = Duration::from_millis(250);
/// The deadline of an RPC that has no policy, where policies are not enforced.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);
/// A longer request id is not ours to carry.
const MAX_REQUEST_ID: usize = 64;

/// Whether callers must prove who they are.
#[derive(Clone, Debug)]
pub enum Auth {
    /// By access tokens, as the policy of each RPC asks.
    Verify(Arc<Verifier>),
    /// Not at all: policies are not looked at. For contracts of others, behind a gateway of their own.
    Off,
}

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) config: Config,
    pub(crate) schema: Schema,
    pub(crate) routes: Routes,
    pub(crate) forwarded: Vec<HeaderName>,
    pub(crate) auth: Auth,
    pub(crate) limits: Option<Arc<Limits>>,
    pub(crate) cors: Cors,
    pub(crate) pages: Pages,
    pub(crate) health: Health,
    pub(crate) ids: SharedIds,
    pub(crate) workload: Workload,
}

/// What is known of one request besides its own words.
#[derive(Debug)]
pub(crate) struct Call {
    /// When the client no longer waits, if it said so.
    client: Option<Instant>,
    /// How long the RPC may take.
    most: Duration,
    /// When the first of the two is over.
    pub(crate) deadline: Instant,
    /// Names the request in logs.
    pub(crate) request_id: HeaderValue,
}

impl Call {
    fn new(asked: Option<Duration>, most: Duration, request_id: HeaderValue) -> Self {
        let now = Instant::now();
        let client = asked.map(|asked| now + asked);
        Self { client, most, deadline: now, request_id }.begun()
    }

    /// The call with its whole request here: only now the RPC's own time runs. The client's has run all along.
    pub(crate) fn begun(self) -> Self {
        let own = Instant::now() + self.most;
        Self { deadline: self.client.map_or(own, |client| client.min(own)), ..self }
    }

    /// Waits for something of the client's, as long as the client itself waits.
    pub(crate) async fn while_wanted<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let Some(client) = self.client else { return work.await };
        timeout_at(client + GRACE, work).await.unwrap_or_else(|_| Err(service_kit::Error::DeadlineExceeded.into()))
    }

    /// When the edge gives up on a service.
    pub(crate) fn give_up(&self) -> Instant {
        self.deadline + GRACE
    }

    /// What is left, as the header that services read.
    pub(crate) fn timeout(&self) -> HeaderValue {
        let left = self.deadline.saturating_duration_since(Instant::now());
        service_kit::encode_timeout(left.max(Duration::from_millis(1)))
    }
}

/// How errors are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Rest,
    Grpc,
}

type Answer = Result<Response<Body>, Failure>;

impl Edge {
    /// Answers one request.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        request: Request<tonic::body::Body>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let request_id = self.request_id(request.headers());
        let traceparent = service_kit::telemetry::continue_trace(request.headers());
        let mut observed =
            Observed::begin(request.method(), request_id.to_str().unwrap_or_default().into(), self.config.access_log);
        let span = tracing::info_span!(
            "http",
            request.id = request_id.to_str().unwrap_or_default(),
            trace.id = service_kit::telemetry::trace_id(&traceparent)
        );
        let cors = self.cors.answer(request.headers());
        let dialect = if native::is_grpc(request.headers()) { Dialect::Grpc } else { Dialect::Rest };
        let is_head = request.method() == Method::HEAD;

        let mut extra = HeaderMap::new();
        let work = self.dispatch(request, peer.ip(), request_id.clone(), dialect, &mut observed, &mut extra);
        let work = service_kit::telemetry::scope(traceparent, work.instrument(span));
        let answer = AssertUnwindSafe(work).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| Err(service_kit::Error::Panic.into()));

        let mut response = answer.unwrap_or_else(|failure| match dialect {
            Dialect::Rest => failure.rest(&self.schema),
            Dialect::Grpc => failure.grpc(),
        });
        let headers = response.headers_mut();
        headers.extend(extra);
        headers.insert(metadata::REQUEST_ID, request_id);
        if dialect == Dialect::Rest {
            headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
            cors.write(headers);
        }
        if is_head {
            let length = http_body::Body::size_hint(response.body()).exact();
            response.body_mut().clear();
            if let Some(length) = length {
                response.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
            }
        }
        observed.answered(response.status());
        if response.body().is_stream() {
            response.body_mut().observe(observed);
        }
        response
    }

    async fn dispatch(
        self: &Arc<Self>,
        request: Request<tonic::body::Body>,
        peer: IpAddr,
        request_id: HeaderValue,
        dialect: Dialect,
        observed: &mut Observed,
        extra: &mut HeaderMap,
    ) -> Answer {
        let path = request.uri().path();
        if dialect == Dialect::Grpc {
            if let Some(rpc) = self.routes.infrastructure(path) {
                observed.is_for(Label::Fixed("infrastructure"));
                return native::pass(rpc.clone(), request, None).await;
            }
            let target = Arc::clone(self.routes.rpc(path).ok_or(Problem::NoRpc)?);
            observed.is_for(Label::Of(Arc::clone(&target.label)));
            let call = self.admit(&target, request.headers(), peer, request_id, extra).await?;
            return native::pass(target.rpc.clone(), request, Some(call)).await;
        }
        if let Some((name, page)) = self.pages.find(path) {
            observed.is_for(Label::Fixed(name));
            return page.answer(&request, &self.health);
        }
        crate::percent::check_path(path).map_err(rest::malformed_path)?;
        let (route, head) = match self.routes.router.find(path, request.method()) {
            Found::Route { route, head } => (self.routes.get(route), head),
            Found::OtherMethods(others) => return other_methods(request.method(), &others),
            Found::Nothing => return Err(Problem::NoRoute.into()),
        };
        observed.is_for(Label::Of(Arc::clone(&route.text)));
        if route.target.method.client_streaming()
            && route.target.method.server_streaming()
            && request.version() != Version::HTTP_2
        {
            return Err(Problem::NeedsHttp2.into());
        }
        let call = self.admit(&route.target, request.headers(), peer, request_id, extra).await?;
        if head && route.target.method.server_streaming() {
            // The head of a stream is known without opening it.
            return Ok(Response::new(Body::default()));
        }
        rest::answer(self, route, request, call).await
    }

    /// Decides whether the RPC may be called, and until when.
    async fn admit(
        &self,
        target: &Target,
        headers: &HeaderMap,
        peer: IpAddr,
        request_id: HeaderValue,
        extra: &mut HeaderMap,
    ) -> Result<Call, Failure> {
        let policy = &target.method.policy;
        let account = self.account(headers).await?;
        if let Auth::Verify(_) = self.auth {
            service_kit::authorize(policy, &self.workload, account.as_deref())?;
        }
        if let Some(limits) = &self.limits {
            let origin = limits::origin(headers, peer, self.config.trusted_hops);
            if let Some(left) = limits.count(policy.rate_class, account.as_deref(), origin)? {
                left.write(extra);
            }
        }
        let asked = service_kit::timeout_of(headers).map_err(|_| Problem::MalformedTimeout)?;
        let most = if policy.access == Access::Deny { DEFAULT_DEADLINE } else { policy.deadline };
        Ok(Call::new(asked, most, request_id))
    }

    async fn account(&self, headers: &HeaderMap) -> Result<Option<Arc<Account>>, Failure> {
        let Auth::Verify(verifier) = &self.auth else { return Ok(None) };
        match service_kit::bearer(headers)? {
            Some(token) => Ok(Some(verifier.verify(token).await?)),
            None => Ok(None),
        }
    }

    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let given = headers.get(metadata::REQUEST_ID).filter(|id| {
            let bytes = id.as_bytes();
            (1..=MAX_REQUEST_ID).contains(&bytes.len())
                && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        });
        given
            .cloned()
            .unwrap_or_else(|| HeaderValue::try_from(self.ids.uuid().to_string()).expect("a UUID is a header value"))
    }
}

/// Answers OPTIONS with the methods that the path has, and refuses the others.
fn other_methods(asked: &Method, others: &[Method]) -> Answer {
    let mut allow: Vec<&str> = others.iter().map(Method::as_str).collect();
    if allow.contains(&"GET") && !allow.contains(&"HEAD") {
        allow.push("HEAD");
    }
    if !allow.contains(&"OPTIONS") {
        allow.push("OPTIONS");
    }
    allow.sort_unstable();
    let allow = allow.join(", ");
    if asked != Method::OPTIONS {
        return Err(Problem::OtherMethods { allow }.into());
    }
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::try_from(allow).expect("methods are a header value"));
    Ok(response)
}

/// A JSON response.
pub(crate) fn json(body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
