//! Where the checkout of an order is, on the inside and on the three axes that are seen from outside.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::names::named;

named! {
    /// What the saga waits for.
    State {
        /// `ReserveStock` is sent.
        Reserving = "RESERVING",
        /// `AuthorizePayment` is sent.
        Authorizing = "AUTHORIZING",
        /// The shopper must confirm the payment with the bank.
        RequiresAction = "REQUIRES_ACTION",
        /// Payment finds out what became of the payment at the provider.
        PaymentUnknown = "PAYMENT_UNKNOWN",
        /// `CommitStock` is sent: the money is held.
        Committing = "COMMITTING",
        /// `CapturePayment` is sent: the stock is sold.
        Capturing = "CAPTURING",
        /// Nothing: stock is sold and money is taken.
        Confirmed = "CONFIRMED",
        /// `CancelPayment` is sent. Only payment's word that no money is kept leads on.
        CancellingPayment = "CANCELLING_PAYMENT",
        /// `ReleaseStock` is sent.
        Releasing = "RELEASING",
        /// Nothing: no money is kept and no stock is held.
        Cancelled = "CANCELLED",
    }
}

impl State {
    /// Nothing happens any more unless somebody asks for it.
    pub(crate) fn at_rest(self) -> bool {
        matches!(self, Self::Confirmed | Self::Cancelled)
    }

    /// The payment may still have to be asked for (again), with the shopper's token.
    pub(crate) fn needs_payment_token(self) -> bool {
        matches!(self, Self::Reserving | Self::Authorizing | Self::RequiresAction | Self::PaymentUnknown)
    }
}

named! {
    /// How far an order is, as others see it.
    Lifecycle {
        /// Stock and payment are on their way.
        Pending = "PENDING",
        /// Stock is sold and the money is taken.
        Confirmed = "CONFIRMED",
        /// Delivered.
        Completed = "COMPLETED",
        /// Will not be delivered.
        Cancelled = "CANCELLED",
        /// Was not paid in time.
        Expired = "EXPIRED",
    }
}

named! {
    /// Where the money is.
    PaymentStatus {
        /// Nothing has happened.
        None = "NONE",
        /// Held.
        Authorized = "AUTHORIZED",
        /// Taken.
        Paid = "PAID",
        /// Some was given back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// All was given back.
        Refunded = "REFUNDED",
        /// The hold was lifted.
        Voided = "VOIDED",
        /// Declined.
        Failed = "FAILED",
        /// Not known yet.
        Unknown = "UNKNOWN",
    }
}

named! {
    /// Where the goods are.
    Fulfilment {
        /// Still here.
        Unfulfilled = "UNFULFILLED",
        /// Some are on their way.
        PartiallyShipped = "PARTIALLY_SHIPPED",
        /// On their way.
        Shipped = "SHIPPED",
        /// Arrived.
        Delivered = "DELIVERED",
        /// Came back.
        Returned = "RETURNED",
    }
}

named! {
    /// Why an order is cancelled.
    Reason {
        /// Some lines were short.
        OutOfStock = "OUT_OF_STOCK",
        /// The provider refused.
        PaymentDeclined = "PAYMENT_DECLINED",
        /// The buyer asked for it.
        CancelledByCustomer = "CANCELLED_BY_CUSTOMER",
        /// An administrator asked for it.
        CancelledByAdmin = "CANCELLED_BY_ADMIN",
        /// It took too long.
        TimedOut = "TIMED_OUT",
    }
}

/// Why an order is, or is being, cancelled. The first reason stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cancellation {
    pub(crate) reason: Reason,
    /// The decline reason, or somebody's words.
    pub(crate) detail: String,
    /// The lines that were short.
    pub(crate) shortages: Vec<Shortage>,
}

impl Cancellation {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), shortages: Vec::new() }
    }
}

/// A line that was short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shortage {
    pub(crate) sku: String,
    pub(crate) requested: i64,
    pub(crate) available: i64,
}

/// The moving part of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saga {
    pub(crate) state: State,
    pub(crate) payment: PaymentStatus,
    pub(crate) fulfilment: Fulfilment,
    pub(crate) cancellation: Option<Cancellation>,
    /// Until when the shopper may confirm the payment with the bank.
    pub(crate) action_until: Option<Timestamp>,
    /// When the order was confirmed, if it ever was.
    pub(crate) confirmed_at: Option<Timestamp>,
    /// Until when the money must be held.
    pub(crate) pay_until: Timestamp,
    /// When the saga stops waiting for what its state waits for.
    pub(crate) timer: Option<Timestamp>,
    /// How often what is waited for was asked for again.
    pub(crate) asked: u32,
}

impl Saga {
    /// How far the order is, as others see it. A confirmed order stays so until its cancellation is done.
    pub(crate) fn lifecycle(&self) -> Lifecycle {
        match self.state {
            State::Cancelled if self.reason() == Some(Reason::TimedOut) => Lifecycle::Expired,
            State::Cancelled => Lifecycle::Cancelled,
            State::Confirmed if self.fulfilment == Fulfilment::Delivered => Lifecycle::Completed,
            State::Confirmed => Lifecycle::Confirmed,
            State::CancellingPayment | State::Releasing if self.confirmed_at.is_some() => Lifecycle::Confirmed,
            State::Reserving
            | State::Authorizing
            | State::RequiresAction
            | State::PaymentUnknown
            | State::Committing
            | State::Capturing
            | State::CancellingPayment
            | State::Releasing => Lifecycle::Pending,
        }
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.cancellation.as_ref().map(|cancellation| cancellation.reason)
    }
}
