//! How connecting, publishing, subscribing and handling fail.

use kernel::{Classify, Kind};

use crate::SCHEMES;

/// Any cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// No bus has this scheme.
#[derive(Debug, thiserror::Error)]
#[error("no bus for the scheme {scheme:?}; there is: {}", SCHEMES.join(", "))]
pub struct ConnectError {
    /// The scheme of the URL.
    pub scheme: String,
}

/// A consumer cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// Another consumer has the name already; both would share one inbox.
    #[error("there is a consumer {0:?} already")]
    Duplicate(&'static str),
    /// The consumer wants nothing.
    #[error("the consumer {0:?} names no kind of message")]
    NoKinds(&'static str),
}

/// A message was not published. Its outbox row must stay.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The bus or a consumer cannot take it now; trying again later may succeed, however often it failed.
    #[error("publish the message: {what}")]
    Unavailable {
        /// Who cannot take it.
        what: String,
        /// Why.
        #[source]
        source: Option<BoxError>,
    },
    /// The bus works and does not want this message. After a few tries it never will.
    #[error("publish the message: {what}")]
    Refused {
        /// Who refused.
        what: String,
        /// Why.
        #[source]
        source: Option<BoxError>,
    },
    /// An earlier message of the same aggregate was not published; this one was not tried.
    #[error("an earlier message of the aggregate waits")]
    Behind,
}

/// A message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// Something it needs is away or was faster; trying again later may succeed.
    #[error("handle the message, something it needs is away")]
    Transient(#[source] BoxError),
    /// It will never succeed.
    #[error("handle the message, trying again is no use")]
    Permanent(#[source] BoxError),
    /// A bug or a panic: worth one more try and no more.
    #[error("handle the message, the handler is broken")]
    Broken(#[source] BoxError),
}

impl HandleError {
    /// An error that passes with time.
    pub fn transient(source: impl Into<BoxError>) -> Self {
        Self::Transient(source.into())
    }

    /// An error that stays.
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self::Permanent(source.into())
    }

    /// By the kind of a service's error.
    pub fn of(error: impl Classify) -> Self {
        match error.kind() {
            Kind::Unavailable | Kind::Aborted | Kind::DeadlineExceeded | Kind::ResourceExhausted => {
                Self::Transient(error.into())
            }
            Kind::Internal => Self::Broken(error.into()),
            Kind::InvalidArgument
            | Kind::KeyReused
            | Kind::Unauthenticated
            | Kind::PermissionDenied
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::FailedPrecondition => Self::Permanent(error.into()),
        }
    }

    /// The causes, outermost first, on one line: for logs and for what is parked.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

impl PublishError {
    /// The causes, outermost first, on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reserve stock")]
    struct Failed(Kind);

    impl Classify for Failed {
        fn kind(&self) -> Kind {
            self.0
        }

        fn reason(&self) -> &'static str {
            "FAILED"
        }
    }

    #[test]
    fn the_kind_of_an_error_decides_whether_it_passes() {
        assert!(matches!(HandleError::of(Failed(Kind::Unavailable)), HandleError::Transient(_)));
        assert!(matches!(HandleError::of(Failed(Kind::Internal)), HandleError::Broken(_)));
        assert!(matches!(HandleError::of(Failed(Kind::NotFound)), HandleError::Permanent(_)));
    }

    #[test]
    fn a_chain_names_every_cause() {
        let error = HandleError::of(Failed(Kind::NotFound));
        assert_eq!(error.chain(), "handle the message, trying again is no use: reserve stock");
    }
}
