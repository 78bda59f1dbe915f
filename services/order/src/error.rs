//! Everything that can go wrong with orders, and what it means to the caller.

use std::borrow::Cow;

use kernel::{Classify, Fact, Kind, Money, Violation};
use tonic::{Code, Status};

use crate::domain::{
    purchase::{LineProblem, MAX_LINES, Problem, Refusal},
    saga::Illegal,
};

/// How many lines of a cart an error names, so that it fits the headers of a reply.
const MAX_NAMED_LINES: usize = 20;

/// An error of this service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The cart cannot be ordered.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The guest's cart token leads to no cart.
    #[error("there is no cart for this token")]
    CartNotFound,
    /// The cart, as it is, is ordered already.
    #[error("this cart is ordered already")]
    CartAlreadyOrdered {
        /// The order; unknown when it was cancelled in between.
        order_id: Option<String>,
    },
    /// A guest must say who is told about the order.
    #[error("an email is required to order as a guest")]
    EmailRequired,
    /// There is no such order, or not for this caller.
    #[error("there is no such order")]
    OrderNotFound,
    /// The goods have left.
    #[error("the order is {} and {}, only unfulfilled orders can be cancelled", .0.lifecycle.name(), .0.fulfilment.name())]
    NotCancellable(Illegal),
    /// The order has changed since the caller read it.
    #[error("the order has changed since it was read")]
    EtagMismatch {
        /// Its etag now.
        current: String,
    },
    /// The page token belongs to another list or caller.
    #[error("the request is not valid")]
    PageToken(#[from] kernel::PageError),
    /// Another service answered what it never should.
    #[error("ask another service")]
    Partner(#[source] BoxError),
    /// A message that is none.
    #[error("read message {kind}")]
    Malformed {
        /// Its kind.
        kind: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// An error that every service has.
    #[error(transparent)]
    Kit(#[from] service_kit::Error),
    /// The idempotency key.
    #[error(transparent)]
    Key(#[from] db::idempotency::Error),
    /// The database.
    #[error("store orders")]
    Db(#[from] db::Error),
}

/// Any cause.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}

impl From<Illegal> for Error {
    fn from(illegal: Illegal) -> Self {
        Self::NotCancellable(illegal)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused(_) | Self::NotCancellable(_) => Kind::FailedPrecondition,
            Self::CartNotFound | Self::OrderNotFound => Kind::NotFound,
            Self::CartAlreadyOrdered { .. } => Kind::AlreadyExists,
            Self::EmailRequired | Self::PageToken(_) | Self::Malformed { .. } => Kind::InvalidArgument,
            Self::EtagMismatch { .. } => Kind::Aborted,
            Self::Partner(_) => Kind::Internal,
            Self::Kit(error) => error.kind(),
            Self::Key(error) => error.kind(),
            Self::Db(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::Empty) => "CART_EMPTY",
            Self::Refused(Refusal::Problems(_)) => "CART_HAS_PROBLEMS",
            Self::Refused(Refusal::Currencies(..)) => "CURRENCY_MISMATCH",
            Self::Refused(Refusal::TooLarge) => "ORDER_TOO_LARGE",
            Self::Refused(Refusal::TotalChanged { .. }) => "TOTAL_CHANGED",
            Self::CartNotFound => "CART_NOT_FOUND",
            Self::CartAlreadyOrdered { .. } => "CART_ALREADY_ORDERED",
            Self::EmailRequired => "EMAIL_REQUIRED",
            Self::OrderNotFound => "ORDER_NOT_FOUND",
            Self::NotCancellable(_) => "ORDER_NOT_CANCELLABLE",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::PageToken(_) => "INVALID_PAGE_TOKEN",
            Self::Partner(_) | Self::Malformed { .. } => "INTERNAL",
            Self::Kit(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::Db(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Refused(Refusal::Problems(problems)) => {
                vec![("lines", named_lines(problems)), ("lineCount", problems.len().to_string())]
            }
            Self::Refused(Refusal::Currencies(one, other)) => vec![("currencies", format!("{one},{other}"))],
            Self::Refused(Refusal::TooLarge) => vec![("maxLines", MAX_LINES.to_string())],
            Self::Refused(Refusal::TotalChanged { current }) => amount(current),
            Self::CartAlreadyOrdered { order_id: Some(id) } => vec![("orderId", id.clone())],
            Self::NotCancellable(Illegal { lifecycle, fulfilment }) => vec![
                ("lifecycle", lifecycle.name().to_owned()),
                ("fulfilmentStatus", fulfilment.name().to_owned()),
                ("to", "CANCELLED".to_owned()),
                ("allowedFulfilmentStatus", "UNFULFILLED".to_owned()),
            ],
            Self::EtagMismatch { current } => vec![("currentEtag", current.clone())],
            Self::Kit(error) => error.facts(),
            Self::Key(error) => error.facts(),
            Self::Db(error) => error.facts(),
            Self::Refused(Refusal::Empty)
            | Self::CartNotFound
            | Self::CartAlreadyOrdered { order_id: None }
            | Self::EmailRequired
            | Self::OrderNotFound
            | Self::PageToken(_)
            | Self::Partner(_)
            | Self::Malformed { .. } => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::EmailRequired => Cow::Owned(vec![Violation::new("email", "is required for guests")]),
            Self::PageToken(error) => Cow::Owned(vec![Violation::new("pageToken", error.to_string())]),
            Self::Kit(error) => error.violations(),
            _ => Cow::Borrowed(&[]),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Kit(error) => error.retry_after(),
            Self::Key(error) => error.retry_after(),
            Self::Db(error) => error.retry_after(),
            _ => None,
        }
    }
}

fn amount(money: &Money) -> Vec<Fact> {
    vec![("currencyCode", money.currency.code().to_owned()), ("amountMinor", money.minor.to_string())]
}

/// The first lines as JSON: `[{"sku":"A","problem":"INSUFFICIENT_STOCK","requested":5,"available":2}]`.
fn named_lines(problems: &[LineProblem]) -> String {
    let lines: Vec<serde_json::Value> = problems
        .iter()
        .take(MAX_NAMED_LINES)
        .map(|line| match line.problem {
            Problem::Short { available } => serde_json::json!({
                "sku": line.sku,
                "problem": "INSUFFICIENT_STOCK",
                "requested": line.requested,
                "available": available,
            }),
            Problem::Gone => serde_json::json!({ "sku": line.sku, "problem": "PRODUCT_UNAVAILABLE" }),
        })
        .collect();
    serde_json::Value::from(lines).to_string()
}

/// What a failure of another service, which this one needs, means to the caller.
pub(crate) fn of_partner(what: &'static str, status: Status) -> Error {
    match status.code() {
        Code::NotFound if service_kit::reason(&status).as_deref() == Some("CART_NOT_FOUND") => Error::CartNotFound,
        Code::DeadlineExceeded => service_kit::Error::DeadlineExceeded.into(),
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Cancelled => {
            service_kit::Error::Unavailable { what }.into()
        }
        _ => Error::Partner(status.into()),
    }
}
