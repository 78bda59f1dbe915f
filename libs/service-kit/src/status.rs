//! The only place that makes a `tonic::Status`, so that every error has the one shape:
//! a code, a text for people, and `google.rpc` details for programs.

use std::{collections::HashMap, time::Duration};

use kernel::{Classify, Ids, Kind, SystemIds};
use tonic::{Code, Status};
use tonic_types::{BadRequest, ErrorDetail, ErrorInfo, FieldViolation, RetryInfo, StatusExt};

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
    // The reason comes first: it is what clients look for.
    let mut details = vec![info(error.reason(), error.facts())];
    let violations = error.violations();
    if !violations.is_empty() {
        let violations =
            violations.iter().map(|violation| FieldViolation::new(&violation.field, &violation.description));
        details.push(BadRequest::new(violations.collect::<Vec<_>>()).into());
    }
    if let Some(delay) = error.retry_after().or_else(|| default_retry(kind)) {
        details.push(RetryInfo::new(Some(delay)).into());
    }
    Status::with_error_details_vec(code(kind), error.to_string(), details)
}

fn info(reason: &str, facts: Vec<kernel::Fact>) -> ErrorDetail {
    let facts: HashMap<String, String> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    ErrorInfo::new(reason, DOMAIN, facts).into()
}

/// The stable reason of a status, if it has one.
#[must_use]
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

fn internal(error: &dyn Classify) -> Status {
    let id = SystemIds.uuid();
    tracing::error!(error.id = %id, error = %error_chain(&error), "call failed");
    let details = vec![info(error.reason(), vec![("errorId", id.to_string())])];
    Status::with_error_details_vec(Code::Internal, format!("internal error (id {id})"), details)
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

/// When to try again where the error does not say. A conflict does not get better by waiting: it says so itself when it
/// does.
fn default_retry(kind: Kind) -> Option<Duration> {
    (kind == Kind::Unavailable).then_some(Duration::from_secs(1))
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

    #[test]
    fn the_reason_is_the_first_detail() {
        let violations = vec![kernel::Violation::new("sku", "is required")];
        for error in [Error::InvalidRequest(violations), Error::CallInFlight, Error::Overloaded, Error::Panic] {
            let details = status(error).get_error_details_vec();
            assert!(matches!(details.first(), Some(ErrorDetail::ErrorInfo(_))), "{details:?}");
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the product has changed since it was read")]
    struct Stale;

    impl Classify for Stale {
        fn kind(&self) -> Kind {
            Kind::Aborted
        }

        fn reason(&self) -> &'static str {
            "ETAG_MISMATCH"
        }
    }

    #[test]
    fn only_what_gets_better_by_waiting_says_when_to_try_again() {
        let delay = |status: &Status| status.get_details_retry_info().and_then(|retry| retry.retry_delay);
        assert_eq!(delay(&status(Stale)), None);
        assert_eq!(delay(&status(Error::CallInFlight)), Some(Duration::from_secs(1)));
    }
}
