//! What can go wrong before a handler is reached. The same reasons are used by the gateway.

use std::{borrow::Cow, time::Duration};

use kernel::{Classify, Fact, Kind, Violation};

/// An error of the pipeline around every handler.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The RPC needs a signed-in account and the call carries no token.
    #[error("sign in to call this")]
    MissingToken,
    /// The token is malformed, forged, expired or not for us. Says no more than that.
    #[error("the access token is not valid")]
    InvalidToken,
    /// The account has none of the roles that the RPC asks for.
    #[error("this needs one of the roles {}", .roles.join(", "))]
    MissingRole {
        /// The roles that would do.
        roles: Vec<String>,
    },
    /// A workload called that the RPC's policy does not name.
    #[error("this workload may not call this")]
    WorkloadNotAllowed,
    /// The request breaks field rules.
    #[error("the request is not valid")]
    InvalidRequest(Vec<Violation>),
    /// The RPC must be called with an idempotency key.
    #[error("the idempotency-key is missing; send one that is new for each new intent")]
    MissingIdempotencyKey,
    /// The idempotency key is empty, too long or not printable.
    #[error("the idempotency-key must be 1 to 255 printable ASCII characters")]
    MalformedIdempotencyKey,
    /// A call with the same key is still running.
    #[error("a call with this idempotency-key is still running")]
    CallInFlight,
    /// The key was used with another request.
    #[error("this idempotency-key was used with another request")]
    KeyReused,
    /// The deadline of the caller or the policy has passed.
    #[error("the call took longer than it may")]
    DeadlineExceeded,
    /// The request is larger than allowed.
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More calls are running than the process takes.
    #[error("too many calls at once")]
    Overloaded,
    /// Something that this needs cannot be reached.
    #[error("{what} cannot be reached")]
    Unavailable {
        /// What.
        what: &'static str,
    },
    /// The handler panicked. The panic itself is logged.
    #[error("handler panicked")]
    Panic,
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::MissingToken | Self::InvalidToken => Kind::Unauthenticated,
            Self::MissingRole { .. } | Self::WorkloadNotAllowed => Kind::PermissionDenied,
            Self::InvalidRequest(_) | Self::MissingIdempotencyKey | Self::MalformedIdempotencyKey => {
                Kind::InvalidArgument
            }
            Self::CallInFlight => Kind::Aborted,
            Self::KeyReused => Kind::KeyReused,
            Self::DeadlineExceeded => Kind::DeadlineExceeded,
            Self::TooLarge { .. } | Self::Overloaded => Kind::ResourceExhausted,
            Self::Unavailable { .. } => Kind::Unavailable,
            Self::Panic => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::MissingToken => "MISSING_TOKEN",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::MissingRole { .. } => "MISSING_ROLE",
            Self::WorkloadNotAllowed => "WORKLOAD_NOT_ALLOWED",
            Self::InvalidRequest(_) => "INVALID_REQUEST",
            Self::MissingIdempotencyKey => "IDEMPOTENCY_KEY_MISSING",
            Self::MalformedIdempotencyKey => "IDEMPOTENCY_KEY_MALFORMED",
            Self::CallInFlight => "IDEMPOTENCY_KEY_IN_FLIGHT",
            Self::KeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::TooLarge { .. } => "REQUEST_TOO_LARGE",
            Self::Overloaded => "OVERLOADED",
            Self::Unavailable { .. } => "UNAVAILABLE",
            Self::Panic => "INTERNAL",
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::MissingRole { roles } => vec![("roles", roles.join(","))],
            Self::TooLarge { limit } => vec![("limitBytes", limit.to_string())],
            Self::MissingToken
            | Self::InvalidToken
            | Self::WorkloadNotAllowed
            | Self::InvalidRequest(_)
            | Self::MissingIdempotencyKey
            | Self::MalformedIdempotencyKey
            | Self::CallInFlight
            | Self::KeyReused
            | Self::DeadlineExceeded
            | Self::Overloaded
            | Self::Unavailable { .. }
            | Self::Panic => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::InvalidRequest(violations) => Cow::Borrowed(violations),
            _ => Cow::Borrowed(&[]),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::CallInFlight | Self::Overloaded).then_some(Duration::from_secs(1))
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        crate::status(error)
    }
}
