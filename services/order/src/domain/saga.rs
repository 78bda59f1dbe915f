//! The checkout as a pure function: a state and an event give the next state and what to tell whom.
//!
//! Every purchase goes through [`Saga::step`] and nothing else changes a saga. What it promises, whatever the order,
//! lateness or repetition of events: an order is confirmed only once stock is sold and the money is taken, and
//! cancelled only once payment has said that no money is kept (or none was asked for, or the provider refused for
//! good) and inventory that nothing is held. Money goes back before stock. An event that does not fit the state is
//! stale and changes nothing, except that money and stock which turn up after the saga gave up are sent back.

mod patience;
mod state;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use kernel::Timestamp;

pub(crate) use patience::Patience;
pub(crate) use state::{Cancellation, Fulfilment, Lifecycle, PaymentStatus, Reason, Saga, Shortage, State};

/// The decline reason when what was taken is not what the order costs.
const AMOUNT_MISMATCH: &str = "AMOUNT_MISMATCH";
/// The detail of a cancellation because the hold on the stock ran out before it was sold.
const HOLD_RAN_OUT: &str = "the hold on the stock ran out";

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

/// One step of a saga, being found.
#[derive(Clone, Copy)]
struct Step<'a> {
    saga: &'a Saga,
    now: Timestamp,
    patience: &'a Patience,
}

impl Step<'_> {
    /// What inventory answered.
    fn stock(self, event: &Event) -> Option<Transition> {
        match (self.saga.state, event) {
            (State::Reserving, Event::StockReserved) => Some(self.tell(State::Authorizing, Command::AuthorizePayment)),
            (State::Reserving, Event::StockRejected(shortages)) => {
                let short = Cancellation { shortages: shortages.clone(), ..Cancellation::new(Reason::OutOfStock, "") };
                Some(self.cancelled(Some(short)))
            }
            (State::Committing, Event::StockCommitted) => Some(self.tell(State::Capturing, Command::CapturePayment)),
            (State::Committing, Event::StockCommitFailed) => {
                Some(self.cancel_payment(Cancellation::new(Reason::OutOfStock, HOLD_RAN_OUT)))
            }
            (State::Releasing, Event::StockReleased) => Some(self.cancelled(None)),
            // Inventory, asked twice, was short at first and not any more: what it holds now is for nobody.
            (State::Cancelled, Event::StockReserved) => {
                Some(Transition { command: Some(Command::ReleaseStock), ..self.stay() })
            }
            _ => None,
        }
    }

    /// What payment answered.
    fn payment(self, event: &Event) -> Option<Transition> {
        match (self.saga.state, event) {
            // A payment that was asked for again may be further than we thought; taking it is asked for all the same.
            (
                State::Authorizing | State::RequiresAction | State::PaymentUnknown,
                Event::PaymentAuthorized | Event::PaymentCaptured { .. },
            ) => Some(self.tell(State::Committing, Command::CommitStock).paid(PaymentStatus::Authorized)),
            (State::Authorizing | State::PaymentUnknown, Event::PaymentActionRequired { until }) => {
                Some(self.await_shopper(*until))
            }
            (State::Authorizing | State::RequiresAction | State::PaymentUnknown, Event::PaymentFailed { reason }) => {
                let declined = Cancellation::new(Reason::PaymentDeclined, reason);
                Some(self.release(declined).paid(PaymentStatus::Failed))
            }
            (State::Authorizing | State::RequiresAction, Event::PaymentUncertain) => {
                Some(self.go(State::PaymentUnknown).paid(PaymentStatus::Unknown))
            }
            (State::Capturing, Event::PaymentUncertain) if self.saga.payment != PaymentStatus::Unknown => {
                Some(self.stay().paid(PaymentStatus::Unknown))
            }
            (State::Capturing, Event::PaymentCaptured { in_full: true }) => Some(self.confirmed()),
            (State::Capturing, Event::PaymentCaptured { in_full: false }) => {
                let mismatch = Cancellation::new(Reason::PaymentDeclined, AMOUNT_MISMATCH);
                Some(self.cancel_payment(mismatch).paid(PaymentStatus::Paid))
            }
            // The provider refuses to hand out what it holds: the hold must be lifted before stock goes back.
            (State::Capturing, Event::PaymentFailed { reason }) => {
                let declined = Cancellation::new(Reason::PaymentDeclined, reason);
                Some(self.cancel_payment(declined).paid(PaymentStatus::Failed))
            }
            (State::CancellingPayment, Event::PaymentCancelled(outcome)) => {
                let payment = match outcome {
                    Outcome::NothingHeld if self.saga.payment == PaymentStatus::Failed => PaymentStatus::Failed,
                    Outcome::NothingHeld => PaymentStatus::None,
                    Outcome::Voided => PaymentStatus::Voided,
                    Outcome::Refunded => PaymentStatus::Refunded,
                };
                Some(self.tell(State::Releasing, Command::ReleaseStock).paid(payment))
            }
            // Money that turns up after we gave up goes back.
            (
                State::Releasing | State::Cancelled,
                Event::PaymentAuthorized | Event::PaymentCaptured { .. } | Event::PaymentActionRequired { .. },
            ) => Some(Transition { command: Some(Command::CancelPayment), ..self.stay() }),
            _ => None,
        }
    }

    fn cancel(self, cancellation: &Cancellation) -> Result<Option<Transition>, Illegal> {
        let cancellation = cancellation.clone();
        match self.saga.state {
            State::CancellingPayment | State::Releasing | State::Cancelled => Ok(None),
            State::Confirmed if self.saga.fulfilment != Fulfilment::Unfulfilled => {
                Err(Illegal { lifecycle: self.saga.lifecycle(), fulfilment: self.saga.fulfilment })
            }
            State::Reserving => Ok(Some(self.release(cancellation))),
            State::Authorizing
            | State::RequiresAction
            | State::PaymentUnknown
            | State::Committing
            | State::Capturing
            | State::Confirmed => Ok(Some(self.cancel_payment(cancellation))),
        }
    }

    fn due(self) -> Option<Transition> {
        if self.saga.timer.is_none_or(|timer| timer > self.now) {
            return None;
        }
        let timed_out = || Cancellation::new(Reason::TimedOut, "");
        let too_late = self.now >= self.saga.pay_until;
        match self.saga.state {
            State::Reserving if self.saga.asked == 0 && !too_late => Some(self.ask_again(Command::ReserveStock)),
            State::Reserving => Some(self.release(timed_out())),
            State::RequiresAction => Some(self.cancel_payment(timed_out())),
            State::Authorizing | State::PaymentUnknown if too_late => Some(self.cancel_payment(timed_out())),
            State::Authorizing => {
                Some(self.tell(State::PaymentUnknown, Command::AuthorizePayment).paid(PaymentStatus::Unknown))
            }
            State::PaymentUnknown => Some(self.ask_again(Command::AuthorizePayment)),
            State::Committing => Some(self.ask_again(Command::CommitStock)),
            State::Capturing => Some(self.ask_again(Command::CapturePayment)),
            State::CancellingPayment => Some(self.ask_again(Command::CancelPayment)),
            State::Releasing => Some(self.ask_again(Command::ReleaseStock)),
            State::Confirmed | State::Cancelled => None,
        }
    }

    /// On to `state`, with its timer set.
    fn go(self, state: State) -> Transition {
        let next = Saga { state, action_until: None, asked: 0, ..self.saga.clone() };
        let timer = self.patience.timer(&next, self.now);
        Transition { next: Saga { timer, ..next }, command: None, emission: None }
    }

    fn stay(self) -> Transition {
        Transition { next: self.saga.clone(), command: None, emission: None }
    }

    fn tell(self, state: State, command: Command) -> Transition {
        Transition { command: Some(command), ..self.go(state) }
    }

    fn ask_again(self, command: Command) -> Transition {
        let next = Saga { asked: self.saga.asked.saturating_add(1), ..self.saga.clone() };
        let timer = self.patience.timer(&next, self.now);
        Transition { next: Saga { timer, ..next }, command: Some(command), emission: None }
    }

    fn await_shopper(self, until: Option<Timestamp>) -> Transition {
        let patience = self.now + self.patience.confirm;
        let until = until.map_or(patience, |until| until.min(patience)).min(self.saga.pay_until);
        let mut transition = self.go(State::RequiresAction).paid(PaymentStatus::None);
        transition.next.action_until = Some(until);
        transition.next.timer = Some(until);
        transition
    }

    fn cancel_payment(self, cancellation: Cancellation) -> Transition {
        self.tell(State::CancellingPayment, Command::CancelPayment).because(cancellation)
    }

    fn release(self, cancellation: Cancellation) -> Transition {
        self.tell(State::Releasing, Command::ReleaseStock).because(cancellation)
    }

    fn cancelled(self, cancellation: Option<Cancellation>) -> Transition {
        let transition = Transition { emission: Some(Emission::Cancelled), ..self.go(State::Cancelled) };
        match cancellation {
            Some(cancellation) => transition.because(cancellation),
            None => transition,
        }
    }

    fn confirmed(self) -> Transition {
        let mut transition = self.go(State::Confirmed).paid(PaymentStatus::Paid);
        transition.next.confirmed_at = Some(self.now);
        Transition { emission: Some(Emission::Confirmed), ..transition }
    }
}

impl Transition {
    fn paid(mut self, payment: PaymentStatus) -> Self {
        self.next.payment = payment;
        self
    }

    fn because(mut self, cancellation: Cancellation) -> Self {
        self.next.cancellation = Some(cancellation);
        self
    }

    /// Whether the order differs from `before` in anything that others see.
    pub(crate) fn is_visible(&self, before: &Saga) -> bool {
        self.next.state != before.state || self.next.payment != before.payment
    }
}
