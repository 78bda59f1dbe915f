//! What can go wrong with carts.

use kernel::{Classify, Fact, Kind, MoneyError};
use tonic::Status;

use crate::domain::{MAX_LINES, MAX_QUANTITY};

/// The one error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guest token leads to no cart: unknown, swept, or merged into an account's.
    #[error("there is no such cart")]
    CartNotFound,
    /// The cart has no line with the SKU.
    #[error("the cart has no {sku}")]
    ItemNotFound {
        /// The SKU.
        sku: String,
    },
    /// Nothing is for sale under the SKU.
    #[error("{sku} is not for sale")]
    SkuNotFound {
        /// The SKU.
        sku: String,
    },
    /// The cart has as many lines as it may.
    #[error("a cart has at most {MAX_LINES} lines")]
    LineLimit,
    /// The line would have more than it may.
    #[error("a line has at most {MAX_QUANTITY}; there are {quantity} of {sku} in the cart")]
    QuantityLimit {
        /// The SKU.
        sku: String,
        /// How many are in the cart.
        quantity: i32,
    },
    /// The cart has lines in another currency.
    #[error("the cart is in {cart}, this is in {item}")]
    CurrencyMismatch {
        /// The currency of the cart.
        cart: String,
        /// The currency of what was to be added.
        item: String,
    },
    /// The catalogue does not say what things are and cost.
    #[error("the catalogue cannot be reached")]
    Catalog(#[source] Box<Status>),
    /// Amounts of the catalogue do not add up.
    #[error("sum up the cart")]
    Amount(#[from] MoneyError),
    /// An event cannot be read.
    #[error("read an event")]
    Event(#[from] prost::DecodeError),
    /// Storing or reading failed.
    #[error("store carts")]
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
            Self::CartNotFound | Self::ItemNotFound { .. } | Self::SkuNotFound { .. } => Kind::NotFound,
            Self::LineLimit | Self::QuantityLimit { .. } | Self::CurrencyMismatch { .. } => Kind::FailedPrecondition,
            Self::Catalog(_) => Kind::Unavailable,
            Self::Event(_) => Kind::InvalidArgument,
            Self::Amount(_) => Kind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::CartNotFound => "CART_NOT_FOUND",
            Self::ItemNotFound { .. } => "CART_ITEM_NOT_FOUND",
            Self::SkuNotFound { .. } => "SKU_NOT_FOUND",
            Self::LineLimit => "CART_LINE_LIMIT",
            Self::QuantityLimit { .. } => "CART_QUANTITY_LIMIT",
            Self::CurrencyMismatch { .. } => "CURRENCY_MISMATCH",
            Self::Catalog(_) => "UNAVAILABLE",
            Self::Amount(_) | Self::Event(_) => "INTERNAL",
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::ItemNotFound { sku } | Self::SkuNotFound { sku } => vec![("sku", sku.clone())],
            Self::LineLimit => vec![("limit", MAX_LINES.to_string())],
            Self::QuantityLimit { sku, quantity } => {
                vec![("sku", sku.clone()), ("quantity", quantity.to_string()), ("limit", MAX_QUANTITY.to_string())]
            }
            Self::CurrencyMismatch { cart, item } => vec![("currencies", format!("{cart},{item}"))],
            Self::CartNotFound | Self::Catalog(_) | Self::Amount(_) | Self::Event(_) | Self::Store(_) => Vec::new(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
