//! A failed call as an HTTP response, in the one shape of `google.rpc.Status` whoever failed.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use prost::Message;
use prost_types::Any;
use service_kit::metadata;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::{
    body::Body,
    problem::Problem,
    schema::Schema,
    transcode::{
        response::Printer,
        text::{push_base64, push_integer, push_string},
    },
};

/// Stack traces and the like: never for clients.
const DEBUG_INFO: &str = "google.rpc.DebugInfo";
/// The domain of our own errors.
const DOMAIN: &str = "ultramarket";

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    details: Vec<Any>,
    http: StatusCode,
    allow: Option<String>,
    /// The stored answer to an idempotency key.
    replayed: bool,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let (http, code) = (problem.http_status(), problem.code());
        let allow = match &problem {
            Problem::OtherMethods { allow } => Some(allow.clone()),
            _ => None,
        };
        let mut failure = Self::from(&service_kit::status(problem));
        failure.code = code.unwrap_or(failure.code);
        failure.http = http.unwrap_or(failure.http);
        failure.allow = allow;
        failure
    }
}

impl From<service_kit::Error> for Failure {
    fn from(error: service_kit::Error) -> Self {
        Self::from(Problem::Kit(error))
    }
}

impl From<&Status> for Failure {
    fn from(status: &Status) -> Self {
        let mut details = pb::Status::decode(status.details()).unwrap_or_default().details;
        details.retain(|detail| !is(detail, DEBUG_INFO));
        let mut failure = Self {
            code: status.code(),
            message: status.message().to_owned(),
            details,
            http: http_status(status.code()),
            allow: None,
            replayed: status.metadata().contains_key(metadata::IDEMPOTENT_REPLAYED),
        };
        let info = failure.find::<pb::ErrorInfo>("google.rpc.ErrorInfo").unwrap_or_default();
        failure.http = match (info.reason.as_str(), failure.code) {
            ("IDEMPOTENCY_KEY_REUSED", _) => StatusCode::UNPROCESSABLE_ENTITY,
            ("REQUEST_TOO_LARGE", _) => StatusCode::PAYLOAD_TOO_LARGE,
            // Our own errors of this kind are conflicts with the state of things; see docs/errors/README.md.
            (_, Code::FailedPrecondition) if info.domain == DOMAIN => StatusCode::CONFLICT,
            _ => failure.http,
        };
        failure
    }
}

impl Failure {
    /// A failure that somebody else, who does not know the one shape, has told by a code.
    pub(crate) fn foreign(code: Code, message: &str) -> Self {
        let (message, http) = (message.to_owned(), http_status(code));
        Self { code, message, details: Vec::new(), http, allow: None, replayed: false }
    }

    /// The stable reason, if the failure has one.
    pub(crate) fn reason(&self) -> Option<String> {
        self.find::<pb::ErrorInfo>("google.rpc.ErrorInfo").map(|info| info.reason)
    }

    /// A stale etag is a failed precondition where the precondition came as `If-Match`.
    pub(crate) fn of_if_match(mut self) -> Self {
        if self.reason().as_deref() == Some("ETAG_MISMATCH") {
            self.http = StatusCode::PRECONDITION_FAILED;
        }
        self
    }

    fn find<M: Message + Default>(&self, name: &str) -> Option<M> {
        let detail = self.details.iter().find(|detail| is(detail, name))?;
        M::decode(detail.value.as_slice()).ok()
    }

    fn retry_after(&self) -> Option<Duration> {
        let delay = self.find::<pb::RetryInfo>("google.rpc.RetryInfo")?.retry_delay?;
        Duration::try_from(delay).ok()
    }

    /// As JSON: `{"code":5,"message":"…","details":[…]}`.
    pub(crate) fn json(&self, schema: &Schema) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"code\":");
        push_integer(&mut out, i32::from(self.code));
        out.extend_from_slice(b",\"message\":");
        push_string(&mut out, &self.message);
        out.extend_from_slice(b",\"details\":[");
        for (at, detail) in self.details.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            push_detail(schema, detail, &mut out);
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// The reply to a REST call.
    pub(crate) fn rest(&self, schema: &Schema) -> Response<Body> {
        let mut response = Response::new(Body::from(self.json(schema)));
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.replayed {
            headers.insert(metadata::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(delay) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(delay.as_secs() + u64::from(delay.subsec_nanos() > 0)));
        }
        if self.http == StatusCode::UNAUTHORIZED {
            let invalid = self.reason().as_deref() == Some("INVALID_TOKEN");
            let challenge = if invalid {
                "Bearer realm=\"ultramarket\", error=\"invalid_token\""
            } else {
                "Bearer realm=\"ultramarket\""
            };
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        response
    }

    /// The end of a gRPC reply that has begun.
    pub(crate) fn trailers(self) -> HeaderMap {
        let (mut head, _) = self.grpc().into_parts();
        head.headers.remove(CONTENT_TYPE);
        head.headers
    }

    /// The reply to a gRPC call: a status and nothing else.
    #[expect(clippy::disallowed_methods, reason = "the status of a failure that has the one shape already")]
    pub(crate) fn grpc(self) -> Response<Body> {
        let code = i32::from(self.code);
        let status = pb::Status { code, message: self.message.clone(), details: self.details };
        Status::with_details(self.code, self.message, status.encode_to_vec().into()).into_http()
    }
}

fn is(detail: &Any, name: &str) -> bool {
    detail.type_url.rsplit_once('/').is_some_and(|(_, own)| own == name)
}

/// Prints a detail; as its bytes where its type is not known or its bytes are not of it.
fn push_detail(schema: &Schema, detail: &Any, out: &mut Vec<u8>) {
    let start = out.len();
    let printed = schema
        .find("google.protobuf.Any")
        .map(|id| Printer::of_details(schema).message(id, &detail.encode_to_vec(), out).is_ok());
    if printed != Some(true) {
        out.truncate(start);
        out.extend_from_slice(b"{\"@type\":");
        push_string(out, &detail.type_url);
        out.extend_from_slice(b",\"value\":");
        push_base64(out, &detail.value);
        out.push(b'}');
    }
}

/// Source: `google/rpc/code.proto`.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled => StatusCode::from_u16(499).expect("499 is in range"),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The gRPC code of an upstream that answered something else than gRPC.
/// Source: <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
pub(crate) fn code_of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
