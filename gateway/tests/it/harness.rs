//! A gateway without a port, and what tests say to it.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use gateway::{Auth, Body, Config, Gateway, Parts};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kernel::{Clock, SequenceIds, SharedClock, SystemClock};
use serde_json::Value;
use service_kit::{
    Contract, Health, Tasks, Verifier,
    auth::{AUDIENCE, Claims},
};
use testkit::people::{ISSUER, TestKeys, signer};

use crate::upstream::Upstream;

/// The compiled test contract.
pub(crate) fn contract() -> Arc<Contract> {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| {
        let root = env!("CARGO_MANIFEST_DIR");
        let includes = [format!("{root}/testdata"), format!("{root}/../proto")];
        let mut compiler = protox::Compiler::new(includes).expect("the folders exist");
        compiler.include_source_info(true).include_imports(true);
        compiler.open_files(["everything/v1/service.proto"]).expect("the test contract compiles");
        Arc::new(Contract::load(&compiler.encode_file_descriptor_set()).expect("is a contract"))
    });
    Arc::clone(contract)
}

/// A gateway in front of [`Upstream`].
pub(crate) struct Edge {
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Upstream,
    pub(crate) health: Health,
}

/// The peer of all requests: nobody near.
pub(crate) const PEER: ([u8; 4], u16) = ([203, 0, 113, 7], 4711);

impl Edge {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { access_log: false, ..Config::default() };
        config.rate_limits.enabled = false;
        change(&mut config);
        let (upstream, health) = (Upstream::default(), Health::new());
        let clock: SharedClock = Arc::new(SystemClock);
        let parts = Parts {
            contract: contract(),
            upstreams: upstream.services(),
            auth: Auth::Verify(Arc::new(Verifier::new(ISSUER, clock, TestKeys))),
            health: health.clone(),
            ids: Arc::new(SequenceIds::default()),
            tasks: Tasks::new(),
        };
        let gateway = Gateway::build(config, parts).expect("builds");
        Self { gateway, upstream, health }
    }

    pub(crate) fn get(&self, target: &str) -> Call<'_> {
        self.call(Method::GET, target)
    }

    pub(crate) fn post(&self, target: &str, body: impl Into<Bytes>) -> Call<'_> {
        self.call(Method::POST, target).json(body)
    }

    pub(crate) fn call(&self, method: Method, target: &str) -> Call<'_> {
        let mut request = Request::new(tonic::body::Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().expect("is a target");
        Call { edge: self, request }
    }
}

/// A request in the making.
pub(crate) struct Call<'e> {
    edge: &'e Edge,
    request: Request<tonic::body::Body>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().expect("is a header value"));
        self
    }

    pub(crate) fn json(self, body: impl Into<Bytes>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        let body = Full::new(body.into()).map_err(|never| match never {});
        self.streaming(body)
    }

    pub(crate) fn streaming<B>(mut self, body: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = std::io::Error> + Send + 'static,
    {
        *self.request.body_mut() = tonic::body::Body::new(body);
        self
    }

    pub(crate) fn http2(mut self) -> Self {
        *self.request.version_mut() = http::Version::HTTP_2;
        self
    }

    pub(crate) fn signed_in(self, account: &str, roles: &[&str]) -> Self {
        self.header("authorization", &format!("Bearer {}", token(account, roles)))
    }

    pub(crate) async fn send(self) -> Response<Body> {
        self.edge.gateway.handle(self.request, SocketAddr::from(PEER)).await
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn answer(self) -> Answer {
        let (head, body) = self.send().await.into_parts();
        let body = body.collect().await.expect("the body does not break off").to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    }
}

/// An access token.
pub(crate) fn token(account: &str, roles: &[&str]) -> String {
    let now = SystemClock.now().unix_seconds();
    signer().sign(&Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: account.into(),
        iat: now,
        nbf: now,
        exp: now + 900,
        jti: "1".into(),
        sid: account.into(),
        email: format!("{account}@example.com"),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    })
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("is text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("is text"))
    }

    /// The body of a call that went well.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        self.json()
    }

    /// Checks the one shape of errors and gives the reason.
    pub(crate) fn refused(&self, status: u16, code: i32) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        let error = self.json();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].is_string() && error["details"].is_array(), "{error}");
        let info = error["details"]
            .as_array()
            .expect("is a list")
            .iter()
            .find(|detail| detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo");
        info.map_or_else(String::new, |info| info["reason"].as_str().expect("is text").to_owned())
    }
}
