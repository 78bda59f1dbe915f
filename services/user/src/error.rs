//! What can go wrong.

use std::borrow::Cow;

use kernel::{Classify, Fact, Kind, Violation};

/// An error of the user service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The profile has changed since its etag was read.
    #[error("the profile has changed since it was read")]
    EtagMismatch {
        /// The etag it has now.
        current: String,
    },
    /// The caller has no such address.
    #[error("there is no address {address_id}")]
    AddressNotFound {
        /// The address.
        address_id: String,
    },
    /// The caller has as many addresses as one may have.
    #[error("nobody may have more than {limit} addresses")]
    TooManyAddresses {
        /// How many those are.
        limit: u32,
    },
    /// Who sells already cannot apply to.
    #[error("{shop_name} sells already")]
    SellerAlreadyApproved {
        /// The name that was approved.
        shop_name: String,
    },
    /// Nobody with this id has applied to sell.
    #[error("{user_id} has not applied to sell")]
    SellerNotFound {
        /// The account's id.
        user_id: String,
    },
    /// A page token of another list.
    #[error(transparent)]
    Page(#[from] kernel::PageError),
    /// Refused before the handler's own rules.
    #[error(transparent)]
    Call(#[from] service_kit::Error),
    /// A message from the bus that is not what it says.
    #[error("read the message")]
    Message(#[from] prost::DecodeError),
    /// The database.
    #[error("store profiles")]
    Store(#[from] db::Error),
}

impl Error {
    /// A request that the field rules cannot judge.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        Self::Call(service_kit::Error::InvalidRequest(violations))
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
            Self::EtagMismatch { .. } => Kind::Aborted,
            Self::AddressNotFound { .. } | Self::SellerNotFound { .. } => Kind::NotFound,
            Self::TooManyAddresses { .. } => Kind::ResourceExhausted,
            Self::SellerAlreadyApproved { .. } => Kind::FailedPrecondition,
            Self::Page(_) | Self::Message(_) => Kind::InvalidArgument,
            Self::Call(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::AddressNotFound { .. } => "ADDRESS_NOT_FOUND",
            Self::TooManyAddresses { .. } => "TOO_MANY_ADDRESSES",
            Self::SellerAlreadyApproved { .. } => "SELLER_ALREADY_APPROVED",
            Self::SellerNotFound { .. } => "SELLER_NOT_FOUND",
            Self::Page(_) => "INVALID_PAGE_TOKEN",
            Self::Message(_) => "INVALID_REQUEST",
            Self::Call(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::EtagMismatch { current } => vec![("currentEtag", current.clone())],
            Self::AddressNotFound { address_id } => vec![("addressId", address_id.clone())],
            Self::TooManyAddresses { limit } => vec![("limit", limit.to_string())],
            Self::SellerAlreadyApproved { shop_name } => vec![("shopName", shop_name.clone())],
            Self::SellerNotFound { user_id } => vec![("userId", user_id.clone())],
            Self::Call(error) => error.facts(),
            Self::Page(_) | Self::Message(_) | Self::Store(_) => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
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
