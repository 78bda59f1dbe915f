//! What can go wrong.

use kernel::{Classify, Fact, Kind};

use crate::{
    domain::{FilterError, UnknownOrder},
    index,
};

/// An error of the search service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is none that search understands.
    #[error("the filter cannot be read: {0}")]
    Filter(#[from] FilterError),
    /// The order is none that search knows.
    #[error(transparent)]
    Order(#[from] UnknownOrder),
    /// A page token of another search.
    #[error(transparent)]
    Page(#[from] kernel::PageError),
    /// A message from the bus that is not what it says.
    #[error("read the message")]
    Message(#[from] prost::DecodeError),
    /// The catalogue cannot be read.
    #[error("read the catalogue")]
    Catalog(#[source] Box<tonic::Status>),
    /// Refused before the handler's own rules.
    #[error(transparent)]
    Call(#[from] service_kit::Error),
    /// The index. It is begun anew then.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// Work on the index was cut short by a panic or by the end of the process.
    #[error("work on the index was cut short")]
    Cut(#[from] tokio::task::JoinError),
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Filter(_) | Self::Order(_) | Self::Page(_) | Self::Message(_) => Kind::InvalidArgument,
            Self::Catalog(_) | Self::Index(_) => Kind::Unavailable,
            Self::Call(error) => error.kind(),
            Self::Cut(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Filter(_) => "INVALID_FILTER",
            Self::Order(_) => "INVALID_ORDER_BY",
            Self::Page(_) => "INVALID_PAGE_TOKEN",
            Self::Message(_) => "INVALID_REQUEST",
            Self::Catalog(_) | Self::Index(_) => "UNAVAILABLE",
            Self::Call(error) => error.reason(),
            Self::Cut(_) => "INTERNAL",
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Filter(error) => vec![("position", error.position().to_string())],
            Self::Order(_) => vec![("allowed", UnknownOrder::ALLOWED.to_owned())],
            Self::Page(_) | Self::Message(_) | Self::Catalog(_) | Self::Call(_) | Self::Index(_) | Self::Cut(_) => {
                Vec::new()
            }
        }
    }

    fn violations(&self) -> std::borrow::Cow<'_, [kernel::Violation]> {
        match self {
            Self::Call(error) => error.violations(),
            _ => std::borrow::Cow::Borrowed(&[]),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
