//! What can go wrong.

use std::borrow::Cow;

use kernel::{Classify, Fact, Kind, Violation};

use crate::domain::Status;

/// An error of the payment service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such payment, or the caller is not the one who pays it.
    #[error("there is no payment {id}")]
    PaymentNotFound {
        /// The payment.
        id: String,
    },
    /// The payment does not wait for the shopper.
    #[error("the payment is {status}, it cannot be confirmed")]
    NotConfirmable {
        /// How far it is, as in the contract.
        status: &'static str,
    },
    /// Nobody of this name carries out payments here.
    #[error("there is no payment provider {name:?}")]
    UnknownProvider {
        /// The name.
        name: String,
    },
    /// A report that its provider did not sign, or too long ago. Says no more than that.
    #[error("the signature of the report does not hold")]
    InvalidSignature,
    /// A signed report that cannot be read.
    #[error("the report cannot be read: {problem}")]
    MalformedWebhook {
        /// What is wrong with it.
        problem: String,
    },
    /// A command from the bus that contradicts what is known of the payment.
    #[error("the command contradicts payment {id}: {problem}")]
    Contradiction {
        /// The payment.
        id: String,
        /// What does not fit.
        problem: &'static str,
    },
    /// A message from the bus that is not what it says.
    #[error("read the message")]
    Message(#[from] prost::DecodeError),
    /// The idempotency key is at work or was used otherwise.
    #[error(transparent)]
    Idempotency(#[from] db::idempotency::Error),
    /// The database.
    #[error("store payments")]
    Store(#[from] db::Error),
}

impl Error {
    pub(crate) fn not_confirmable(status: Status) -> Self {
        Self::NotConfirmable { status: status.name() }
    }

    pub(crate) fn malformed(problem: impl Into<String>) -> Self {
        Self::MalformedWebhook { problem: problem.into() }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::PaymentNotFound { .. } | Self::UnknownProvider { .. } => Kind::NotFound,
            Self::NotConfirmable { .. } | Self::Contradiction { .. } => Kind::FailedPrecondition,
            Self::InvalidSignature | Self::MalformedWebhook { .. } | Self::Message(_) => Kind::InvalidArgument,
            Self::Idempotency(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::PaymentNotFound { .. } => "PAYMENT_NOT_FOUND",
            Self::NotConfirmable { .. } => "PAYMENT_NOT_CONFIRMABLE",
            Self::UnknownProvider { .. } => "UNKNOWN_PROVIDER",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::MalformedWebhook { .. } => "MALFORMED_WEBHOOK",
            // Both are met on the bus alone, where nobody is answered.
            Self::Contradiction { .. } | Self::Message(_) => "INVALID_REQUEST",
            Self::Idempotency(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::NotConfirmable { status } => vec![("status", status.to_uppercase())],
            Self::PaymentNotFound { .. }
            | Self::UnknownProvider { .. }
            | Self::InvalidSignature
            | Self::MalformedWebhook { .. }
            | Self::Contradiction { .. }
            | Self::Message(_)
            | Self::Idempotency(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        Cow::Borrowed(&[])
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Idempotency(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::PaymentNotFound { .. }
            | Self::NotConfirmable { .. }
            | Self::UnknownProvider { .. }
            | Self::InvalidSignature
            | Self::MalformedWebhook { .. }
            | Self::Contradiction { .. }
            | Self::Message(_) => None,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
