//! What can go wrong at the edge itself. Errors of services pass through as they are.

use std::{borrow::Cow, time::Duration};

use http::StatusCode;
use kernel::{Classify, Fact, Kind, Violation};
use service_kit::Error as KitError;
use tonic::Code;

use crate::transcode::{fault::Fault, response};

/// An error of the edge.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// One that services have too: tokens, roles, deadlines, sizes.
    #[error(transparent)]
    Kit(#[from] KitError),
    /// No route has this path.
    #[error("there is nothing at this address")]
    NoRoute,
    /// The path has other methods.
    #[error("this address takes {allow} only")]
    OtherMethods { allow: String },
    /// No service has this RPC.
    #[error("there is no such RPC")]
    NoRpc,
    /// The request cannot be understood.
    #[error("{}", describe(.0))]
    Fault(Fault),
    /// The body is of a type that is not taken here.
    #[error("the body must be {expected}")]
    MediaType { expected: &'static str },
    /// The body is compressed.
    #[error("the body must not be compressed")]
    ContentEncoding,
    /// The body did not arrive in time.
    #[error("the body took too long to arrive")]
    BodyTooSlow,
    /// The body ended before its end.
    #[error("the body broke off")]
    BodyBroken,
    /// Too many calls.
    #[error("too many calls; the limit is {policy}")]
    RateLimited { policy: String, retry_after: Duration },
    /// `grpc-timeout` is not what the specification says.
    #[error("the grpc-timeout header is malformed")]
    MalformedTimeout,
    /// A conversation needs HTTP/2.
    #[error("this needs HTTP/2")]
    NeedsHttp2,
    /// `If-Match` on a request that cannot carry an etag.
    #[error("If-Match cannot be honoured here")]
    IfMatchUnusable,
    /// `If-Match` with something that is not one strong etag, which can never match.
    #[error("the etag does not match")]
    EtagMismatch,
    /// A service's reply cannot be printed.
    #[error("print the reply")]
    Unprintable(#[from] response::Error),
    /// A service's reply is larger than it may be.
    #[error("the reply is larger than {limit} bytes")]
    ReplyTooLarge { limit: usize },
    /// A service does not speak gRPC.
    #[error("the service broke the protocol: {0}")]
    BadUpstream(&'static str),
}

fn describe(fault: &Fault) -> String {
    match fault.path() {
        path if path.is_empty() => fault.what().to_owned(),
        path => format!("{path}: {}", fault.what()),
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Problem {
    /// The HTTP status where it is not that of the kind.
    pub(crate) fn http_status(&self) -> Option<StatusCode> {
        match self {
            Self::Kit(KitError::TooLarge { .. }) => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Self::OtherMethods { .. } => Some(StatusCode::METHOD_NOT_ALLOWED),
            Self::MediaType { .. } | Self::ContentEncoding => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::BodyTooSlow => Some(StatusCode::REQUEST_TIMEOUT),
            Self::NeedsHttp2 => Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
            Self::EtagMismatch => Some(StatusCode::PRECONDITION_FAILED),
            Self::Kit(_)
            | Self::NoRoute
            | Self::NoRpc
            | Self::Fault(_)
            | Self::BodyBroken
            | Self::RateLimited { .. }
            | Self::MalformedTimeout
            | Self::IfMatchUnusable
            | Self::Unprintable(_)
            | Self::ReplyTooLarge { .. }
            | Self::BadUpstream(_) => None,
        }
    }

    /// The gRPC code where no kind has it.
    pub(crate) fn code(&self) -> Option<Code> {
        match self {
            Self::OtherMethods { .. } | Self::NoRpc | Self::NeedsHttp2 => Some(Code::Unimplemented),
            _ => None,
        }
    }
}

impl Classify for Problem {
    fn kind(&self) -> Kind {
        match self {
            Self::Kit(error) => error.kind(),
            Self::NoRoute | Self::NoRpc => Kind::NotFound,
            Self::OtherMethods { .. }
            | Self::Fault(_)
            | Self::MediaType { .. }
            | Self::ContentEncoding
            | Self::BodyBroken
            | Self::MalformedTimeout
            | Self::NeedsHttp2
            | Self::IfMatchUnusable => Kind::InvalidArgument,
            Self::BodyTooSlow => Kind::DeadlineExceeded,
            Self::RateLimited { .. } => Kind::ResourceExhausted,
            Self::EtagMismatch => Kind::Aborted,
            Self::Unprintable(_) | Self::ReplyTooLarge { .. } | Self::BadUpstream(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Kit(error) => error.reason(),
            Self::NoRoute => "ROUTE_NOT_FOUND",
            Self::OtherMethods { .. } => "METHOD_NOT_ALLOWED",
            Self::NoRpc => "RPC_NOT_FOUND",
            Self::Fault(fault) => fault.reason().name(),
            Self::MediaType { .. } | Self::ContentEncoding => "UNSUPPORTED_MEDIA_TYPE",
            Self::BodyTooSlow => "BODY_TOO_SLOW",
            Self::BodyBroken => "BODY_BROKEN",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::MalformedTimeout => "MALFORMED_TIMEOUT",
            Self::NeedsHttp2 => "NEEDS_HTTP2",
            Self::IfMatchUnusable => "IF_MATCH_UNUSABLE",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::Unprintable(_) | Self::ReplyTooLarge { .. } | Self::BadUpstream(_) => "INTERNAL",
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Kit(error) => error.facts(),
            Self::OtherMethods { allow } => vec![("allow", allow.clone())],
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::Kit(error) => error.violations(),
            Self::Fault(fault) => Cow::Owned(vec![Violation::new(fault.path(), fault.what())]),
            _ => Cow::Borrowed(&[]),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Kit(error) => error.retry_after(),
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcode::fault::Reason;

    #[test]
    fn every_reason_has_its_page() {
        let faults = [
            Reason::MalformedJson,
            Reason::MalformedPath,
            Reason::MalformedQuery,
            Reason::UnknownField,
            Reason::UnknownParameter,
            Reason::InvalidValue,
            Reason::FieldSetTwice,
        ];
        let faults = faults.map(|reason| Problem::Fault(Fault::new(reason, "wrong")));
        let others = [
            Problem::NoRoute,
            Problem::OtherMethods { allow: "GET".into() },
            Problem::NoRpc,
            Problem::ContentEncoding,
            Problem::BodyTooSlow,
            Problem::BodyBroken,
            Problem::RateLimited { policy: String::new(), retry_after: Duration::ZERO },
            Problem::MalformedTimeout,
            Problem::NeedsHttp2,
            Problem::IfMatchUnusable,
            Problem::EtagMismatch,
            Problem::BadUpstream("broken"),
        ];
        for problem in faults.into_iter().chain(others) {
            let reason = problem.reason();
            let page = format!("{}/../docs/errors/{reason}.md", env!("CARGO_MANIFEST_DIR"));
            assert!(std::fs::exists(&page).expect("is readable"), "{page} is missing");
        }
    }
}
