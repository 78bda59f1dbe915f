//! The only place that makes a `tonic::Status`, so that every error has the one shape:
//! a code, a text for people, and `google.rpc` details for programs.

use std::{collections::HashMap, time::Duration};

use kernel::{Classify, Ids, Kind, SystemIds};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The `domain` of every `google.rpc.ErrorInfo` of ours.
pub(crate) const DOMAIN: &str = "ultramarket";

/// Turns an error into the status that a caller sees. Internal errors are logged here, once and with their whole
/// chain, and answer an opaque id only.
#[must_use]
pub fn status(error: impl Classify) -> Status {
    let kind = error.kind();
    if kind == Kind::Internal {
        return internal(&error);
    }
    if kind == Kind::Unavailable {
        tracing::warn!(error = %error_chain(&error), reason = error.reason(), "call failed for want of something it needs");
    }
    let mut details = ErrorDetails::new();
    let facts: HashMap<String, String> =
        error.facts().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    details.set_error_info(error.reason(), DOMAIN, facts);
    for violation in error.violations().iter() {
        details.add_bad_request_violation(&violation.field, &violation.description);
    }
    if let Some(delay) = error.retry_after().or_else(|| default_retry(kind)) {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(code(kind), error.to_string(), details)
}

/// The stable reason of a status, if it has one.
#[must_use]
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

fn internal(error: &dyn Classify) -> Status {
    let id = SystemIds.uuid();
    tracing::error!(error.id = %id, error = %error_chain(&error), "call failed");
    let mut details = ErrorDetails::new();
    let facts = HashMap::from([("errorId".to_owned(), id.to_string())]);
    details.set_error_info(error.reason(), DOMAIN, facts);
    Status::with_error_details(Code::Internal, format!("internal error (id {id})"), details)
}

/// An error with all its causes, outermost first: `store order: database is locked`.
#[must_use]
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Source: the error mapping of `docs/errors/README.md`.
fn code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument | Kind::KeyReused => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::Internal => Code::Internal,
    }
}

fn default_retry(kind: Kind) -> Option<Duration> {
    match kind {
        Kind::Unavailable | Kind::Aborted => Some(Duration::from_secs(1)),
        Kind::InvalidArgument
        | Kind::KeyReused
        | Kind::Unauthenticated
        | Kind::PermissionDenied
        | Kind::NotFound
        | Kind::AlreadyExists
        | Kind::FailedPrecondition
        | Kind::ResourceExhausted
        | Kind::DeadlineExceeded
        | Kind::Internal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn an_internal_error_tells_nothing_but_an_id() {
        let status = status(Error::Panic);
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().starts_with("internal error (id "), "{}", status.message());
        assert_eq!(reason(&status).as_deref(), Some("INTERNAL"));
    }

    #[test]
    fn violations_travel_as_bad_request() {
        let violations = vec![kernel::Violation::new("items[0].sku", "is required")];
        let status = status(Error::InvalidRequest(violations));
        assert_eq!(status.code(), Code::InvalidArgument);
        let request = status.get_details_bad_request().expect("has the detail");
        assert_eq!(request.field_violations[0].field, "items[0].sku");
    }
}
