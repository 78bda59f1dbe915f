//! What can go wrong in the catalogue.

use std::borrow::Cow;

use kernel::{Classify, Fact, Kind, Violation};

/// The one error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such product, it was deleted, or it is a draft or product of somebody else.
    #[error("there is no such product")]
    ProductNotFound,
    /// The SKU belongs to another product, perhaps to one that was deleted.
    #[error("the SKU {sku} belongs to another product")]
    SkuTaken {
        /// The SKU.
        sku: String,
    },
    /// The slug belongs to another product or category.
    #[error("the slug {slug} is taken")]
    SlugTaken {
        /// The slug.
        slug: String,
    },
    /// A product with the external id exists, perhaps deleted; an import would update it.
    #[error("there is a product with the external id {external_id}")]
    ExternalIdTaken {
        /// The external id.
        external_id: String,
    },
    /// A product is to be in a category, or a category below one, that does not exist.
    #[error("there is no category {category}")]
    CategoryNotFound {
        /// The category's slug.
        category: String,
    },
    /// The variants of one product have prices in more than one currency.
    #[error("the variants of a product have one currency, not {first} and {other}")]
    CurrencyMismatch {
        /// The currency of the first variant.
        first: String,
        /// The other one.
        other: String,
    },
    /// The currency is no ISO 4217 code in use.
    #[error("{code} is no currency")]
    InvalidCurrency {
        /// The code.
        code: String,
    },
    /// The product has changed since its etag was read.
    #[error("the product has changed since it was read")]
    EtagMismatch {
        /// The etag it has now.
        current: String,
    },
    /// The page token is not ours, or belongs to another list.
    #[error("the page token does not belong to this list")]
    InvalidPageToken,
    /// The list has no such order.
    #[error("products are not listed in this order")]
    InvalidOrderBy,
    /// The request breaks rules that its fields alone cannot express.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// Storing or reading failed.
    #[error("store products")]
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
            Self::ProductNotFound | Self::CategoryNotFound { .. } => Kind::NotFound,
            Self::SkuTaken { .. } | Self::SlugTaken { .. } | Self::ExternalIdTaken { .. } => Kind::AlreadyExists,
            Self::CurrencyMismatch { .. }
            | Self::InvalidCurrency { .. }
            | Self::InvalidPageToken
            | Self::InvalidOrderBy
            | Self::Invalid(_) => Kind::InvalidArgument,
            Self::EtagMismatch { .. } => Kind::Aborted,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::ProductNotFound => "PRODUCT_NOT_FOUND",
            Self::SkuTaken { .. } => "SKU_TAKEN",
            Self::SlugTaken { .. } => "SLUG_TAKEN",
            Self::ExternalIdTaken { .. } => "EXTERNAL_ID_TAKEN",
            Self::CategoryNotFound { .. } => "CATEGORY_NOT_FOUND",
            Self::CurrencyMismatch { .. } => "CURRENCY_MISMATCH",
            Self::InvalidCurrency { .. } => "INVALID_CURRENCY",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::InvalidPageToken => "INVALID_PAGE_TOKEN",
            Self::InvalidOrderBy => "INVALID_ORDER_BY",
            Self::Invalid(_) => "INVALID_REQUEST",
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::SkuTaken { sku } => vec![("sku", sku.clone())],
            Self::SlugTaken { slug } => vec![("slug", slug.clone())],
            Self::ExternalIdTaken { external_id } => vec![("externalId", external_id.clone())],
            Self::CategoryNotFound { category } => vec![("category", category.clone())],
            Self::CurrencyMismatch { first, other } => vec![("currencies", format!("{first},{other}"))],
            Self::InvalidCurrency { code } => vec![("currencyCode", code.clone())],
            Self::EtagMismatch { current } => vec![("currentEtag", current.clone())],
            Self::InvalidOrderBy => vec![("allowed", "create_time desc,create_time".to_owned())],
            Self::ProductNotFound | Self::InvalidPageToken | Self::Invalid(_) | Self::Store(_) => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::Invalid(violations) => Cow::Borrowed(violations),
            _ => Cow::Borrowed(&[]),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
