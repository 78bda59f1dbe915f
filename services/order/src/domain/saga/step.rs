//! The table of the saga: what each event does in each state.

use kernel::Timestamp;

use super::{
    Cancellation, Command, Emission, Event, Fulfilment, Illegal, Outcome, Patience, PaymentStatus, Reason, Saga, State,
    Transition,
};

/// The decline reason when what was taken is not what the order costs.
const AMOUNT_MISMATCH: &str = "AMOUNT_MISMATCH";
/// The detail of a cancellation because the hold on the stock ran out before it was sold.
const HOLD_RAN_OUT: &str = "the hold on the stock ran out";

/// One step of a saga, being found.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) saga: &'a Saga,
    pub(super) now: Timestamp,
    pub(super) patience: &'a Patience,
}

impl Step<'_> {
    /// What inventory answered.
    pub(super) fn stock(self, event: &Event) -> Option<Transition> {
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
    pub(super) fn payment(self, event: &Event) -> Option<Transition> {
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

    /// What somebody's wish to cancel does.
    pub(super) fn cancel(self, cancellation: &Cancellation) -> Result<Option<Transition>, Illegal> {
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

    /// What the timer does.
    pub(super) fn due(self) -> Option<Transition> {
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
}
