//! What went wrong, in a closed set of kinds. One place (`service-kit`) turns a kind into a gRPC status.

use std::{borrow::Cow, error::Error, time::Duration};

/// The kinds of failure, each with one gRPC code and one HTTP status (see `docs/errors/`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is malformed whatever the state of the system: 400.
    InvalidArgument,
    /// An idempotency key came back with another request: 422.
    KeyReused,
    /// Nobody is signed in, or the proof does not hold: 401.
    Unauthenticated,
    /// The caller may not do this: 403.
    PermissionDenied,
    /// It does not exist, or the caller may not know that it does: 404.
    NotFound,
    /// Something with this name exists already: 409.
    AlreadyExists,
    /// The state of the system forbids it; retrying as it is cannot succeed: 409.
    FailedPrecondition,
    /// Somebody else was faster; reading again and retrying may succeed: 409.
    Aborted,
    /// Too much, too often or too many: 429.
    ResourceExhausted,
    /// Something this needs is away; retrying later may succeed: 503.
    Unavailable,
    /// It took too long: 504.
    DeadlineExceeded,
    /// A bug or a broken invariant: 500, with an opaque id and no detail.
    Internal,
}

/// A fact that a client needs to act on an error: `("available", "3")`.
pub type Fact = (&'static str, String);

/// One thing that is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, as in JSON: `shippingAddress.countryCode`.
    pub field: String,
    /// What is wrong, for people.
    pub description: String,
}

impl Violation {
    /// A violation.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}

/// What an error means to the one who called. Implemented by the one error enum of each service.
pub trait Classify: Error + Send + Sync + 'static {
    /// Its kind.
    fn kind(&self) -> Kind;

    /// Its stable name, documented in `docs/errors/<REASON>.md`. Clients match on it, never on the text.
    fn reason(&self) -> &'static str;

    /// The facts that a client needs to act.
    fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }

    /// What is wrong with which field.
    fn violations(&self) -> Cow<'_, [Violation]> {
        Cow::Borrowed(&[])
    }

    /// When trying again may succeed, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
