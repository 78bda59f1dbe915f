//! The checkout as a pure function: a state and an event give the next state and what to tell whom.
//!
//! Every purchase goes through [`Saga::step`] and nothing else changes a saga. What it promises, whatever the order,
//! lateness or repetition of events: an order is confirmed only once stock is sold and the money is taken, and
//! cancelled only once payment has said that no money is kept (or none was asked for, or the provider refused for
//! good) and inventory that nothing is held. Money goes back before stock. An event that does not fit the state is
//! stale and changes nothing, except that money and stock which turn up after the saga gave up are sent back.

mod patience;
mod state;
mod step;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use kernel::Timestamp;

pub(crate) use patience::Patience;
pub(crate) use state::{Cancellation, Fulfilment, Lifecycle, PaymentStatus, Reason, Saga, Shortage, State};
use step::Step;

/// What happens to a saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// All lines are held.
    StockReserved,
    /// Nothing is held, because these lines are short.
    StockRejected(Vec<Shortage>),
    /// The stock is sold.
    StockCommitted,
    /// There is nothing held any more that could be sold.
    StockCommitFailed,
    /// Nothing is held any more.
    StockReleased,
    /// The money is held.
    PaymentAuthorized,
    /// The shopper must confirm with the bank.
    PaymentActionRequired {
        /// Until when, where the provider says so.
        until: Option<Timestamp>,
    },
    /// The provider refuses for good.
    PaymentFailed {
        /// Why.
        reason: String,
    },
    /// The provider's answer is not known yet.
    PaymentUncertain,
    /// The money is taken.
    PaymentCaptured {
        /// It is what the order costs.
        in_full: bool,
    },
    /// No money is kept or held any more.
    PaymentCancelled(Outcome),
    /// Somebody wants the order cancelled.
    Cancel(Cancellation),
    /// The timer went.
    Due,
}

impl Event {
    /// Its name, for the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::StockReserved => "StockReserved",
            Self::StockRejected(_) => "StockRejected",
            Self::StockCommitted => "StockCommitted",
            Self::StockCommitFailed => "StockCommitFailed",
            Self::StockReleased => "StockReleased",
            Self::PaymentAuthorized => "PaymentAuthorized",
            Self::PaymentActionRequired { .. } => "PaymentActionRequired",
            Self::PaymentFailed { .. } => "PaymentFailed",
            Self::PaymentUncertain => "PaymentUncertain",
            Self::PaymentCaptured { .. } => "PaymentCaptured",
            Self::PaymentCancelled(_) => "PaymentCancelled",
            Self::Cancel(_) => "Cancel",
            Self::Due => "Due",
        }
    }
}

/// What it took to keep no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing had been held.
    NothingHeld,
    /// The hold was lifted.
    Voided,
    /// What was taken was given back.
    Refunded,
}

/// What others are told to do. Receivers do each once per order, however often they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    ReserveStock,
    AuthorizePayment,
    CommitStock,
    CapturePayment,
    CancelPayment,
    ReleaseStock,
}

/// What others are told about the order, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emission {
    Confirmed,
    Cancelled,
}

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) next: Saga,
    pub(crate) command: Option<Command>,
    pub(crate) emission: Option<Emission>,
}

/// The order cannot be cancelled: its goods have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Illegal {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) fulfilment: Fulfilment,
}

impl Saga {
    /// The saga of an order that was just placed; its first command is [`Command::ReserveStock`].
    pub(crate) fn begin(now: Timestamp, patience: &Patience) -> Self {
        let saga = Self {
            state: State::Reserving,
            payment: PaymentStatus::None,
            fulfilment: Fulfilment::Unfulfilled,
            cancellation: None,
            action_until: None,
            confirmed_at: None,
            pay_until: now + patience.pay,
            timer: None,
            asked: 0,
        };
        Self { timer: patience.timer(&saga, now), ..saga }
    }

    /// What `event` does to the saga at `now`; `None` when it changes nothing.
    pub(crate) fn step(
        &self,
        event: &Event,
        now: Timestamp,
        patience: &Patience,
    ) -> Result<Option<Transition>, Illegal> {
        let step = Step { saga: self, now, patience };
        Ok(match event {
            Event::Cancel(cancellation) => return step.cancel(cancellation),
            Event::Due => step.due(),
            Event::StockReserved
            | Event::StockRejected(_)
            | Event::StockCommitted
            | Event::StockCommitFailed
            | Event::StockReleased => step.stock(event),
            Event::PaymentAuthorized
            | Event::PaymentActionRequired { .. }
            | Event::PaymentFailed { .. }
            | Event::PaymentUncertain
            | Event::PaymentCaptured { .. }
            | Event::PaymentCancelled(_) => step.payment(event),
        })
    }
}

impl Transition {
    /// Whether the order differs from `before` in anything that others see.
    pub(crate) fn is_visible(&self, before: &Saga) -> bool {
        self.next.state != before.state || self.next.payment != before.payment
    }
}
