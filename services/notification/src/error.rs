//! What can go wrong.

use std::borrow::Cow;

use kernel::{Classify, Fact, Kind, Violation};

/// An error of the notification service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller has no such notification.
    #[error("there is no notification {id}")]
    NotFound {
        /// The notification.
        id: String,
    },
    /// The preferences have changed since the caller read them.
    #[error("the preferences have changed since")]
    EtagMismatch {
        /// What the etag is now.
        current: String,
    },
    /// A page token of another list.
    #[error(transparent)]
    Page(#[from] kernel::PageError),
    /// A message from the bus that is not what it says.
    #[error("read the message")]
    Message(#[from] prost::DecodeError),
    /// Refused before the handler's own rules.
    #[error(transparent)]
    Call(#[from] service_kit::Error),
    /// The database.
    #[error("store notifications")]
    Store(#[from] db::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            Self::EtagMismatch { .. } => Kind::Aborted,
            Self::Page(_) | Self::Message(_) => Kind::InvalidArgument,
            Self::Call(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "NOTIFICATION_NOT_FOUND",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::Page(_) => "INVALID_PAGE_TOKEN",
            Self::Message(_) => "INVALID_REQUEST",
            Self::Call(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::EtagMismatch { current } => vec![("currentEtag", current.clone())],
            Self::Call(error) => error.facts(),
            Self::NotFound { .. } | Self::Page(_) | Self::Message(_) | Self::Store(_) => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::Call(error) => error.violations(),
            Self::NotFound { .. } | Self::EtagMismatch { .. } | Self::Page(_) | Self::Message(_) | Self::Store(_) => {
                Cow::Borrowed(&[])
            }
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
