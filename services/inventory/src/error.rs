//! What can go wrong.

use std::borrow::Cow;

use kernel::{Classify, Fact, Kind, Violation};

/// An error of the inventory service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody sells this SKU, or the caller may not touch it.
    #[error("there is no SKU {sku}")]
    SkuNotFound {
        /// The SKU.
        sku: String,
    },
    /// Fewer would be on hand than are held for orders.
    #[error("{reserved} of SKU {sku} are held for orders; not fewer can be on hand")]
    WouldBeNegative {
        /// The SKU.
        sku: String,
        /// How many are on hand.
        on_hand: i64,
        /// How many are held.
        reserved: i64,
    },
    /// More would be on hand than a SKU may have.
    #[error("SKU {sku} would have more than {} on hand", crate::domain::MAX_ON_HAND)]
    LimitExceeded {
        /// The SKU.
        sku: String,
    },
    /// The request breaks rules that its fields alone cannot express.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// A page token of another list.
    #[error(transparent)]
    Page(#[from] kernel::PageError),
    /// The catalog cannot be asked for a SKU that was never seen.
    #[error("ask catalog for the SKU")]
    Catalog(#[source] Box<tonic::Status>),
    /// A message from the bus that is not what it says.
    #[error("read the message")]
    Message(#[from] prost::DecodeError),
    /// Refused before the handler's own rules.
    #[error(transparent)]
    Call(#[from] service_kit::Error),
    /// The idempotency key of the call.
    #[error(transparent)]
    Key(#[from] db::idempotency::Error),
    /// The database.
    #[error("store stock")]
    Store(#[from] db::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl PartialEq for Error {
    /// For tests: errors are the same if they say the same.
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::SkuNotFound { .. } => Kind::NotFound,
            Self::WouldBeNegative { .. } | Self::LimitExceeded { .. } => Kind::FailedPrecondition,
            Self::Invalid(_) | Self::Page(_) => Kind::InvalidArgument,
            Self::Catalog(_) => Kind::Unavailable,
            Self::Message(_) => Kind::InvalidArgument,
            Self::Call(error) => error.kind(),
            Self::Key(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::SkuNotFound { .. } => "SKU_NOT_FOUND",
            Self::WouldBeNegative { .. } => "STOCK_WOULD_BE_NEGATIVE",
            Self::LimitExceeded { .. } => "STOCK_LIMIT_EXCEEDED",
            Self::Invalid(_) | Self::Message(_) => "INVALID_REQUEST",
            Self::Page(_) => "INVALID_PAGE_TOKEN",
            Self::Catalog(_) => "UNAVAILABLE",
            Self::Call(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::SkuNotFound { sku } | Self::LimitExceeded { sku } => vec![("sku", sku.clone())],
            Self::WouldBeNegative { sku, on_hand, reserved } => {
                vec![("sku", sku.clone()), ("onHand", on_hand.to_string()), ("reserved", reserved.to_string())]
            }
            Self::Invalid(_)
            | Self::Page(_)
            | Self::Catalog(_)
            | Self::Message(_)
            | Self::Call(_)
            | Self::Key(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::Invalid(violations) => Cow::Borrowed(violations),
            Self::Call(error) => error.violations(),
            _ => Cow::Borrowed(&[]),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
