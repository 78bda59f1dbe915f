//! What follows from the state of a payment: the next call, the status, and the answer to the checkout.

use kernel::Timestamp;

use super::{
    attempt::{Attempt, Operation, PaymentToken, State},
    ledger::{Balance, Event},
    payment::Payment,
};

/// How far a payment is. The values of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Processing,
    RequiresAction,
    Authorized,
    Captured,
    Declined,
    Canceled,
    Refunded,
    Unknown,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::RequiresAction => "requires_action",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Refunded => "refunded",
            Self::Unknown => "unknown",
        }
    }
}

/// What a cancellation took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    NothingHeld,
    Voided,
    Refunded,
}

/// What the checkout is told. Sent whenever it changes, and again for a command that comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Authorized,
    ActionRequired { expires: Option<Timestamp> },
    Failed { reason: String },
    Uncertain,
    Captured,
    Cancelled(Cancelled),
}

impl Payment {
    pub(crate) fn balance(&self) -> Balance {
        self.ledger.balance()
    }

    /// No money may be kept: the checkout cancelled, or the payment failed.
    pub(crate) fn is_unwanted(&self) -> bool {
        self.cancel_wanted || !self.failure.is_empty()
    }

    /// Begins the next call, if there is one to make. At most one is open at a time, so an answer that is not known
    /// stops everything until it is.
    pub(super) fn go_on(&mut self) {
        let authorization = self.latest(Operation::Authorize).map(|attempt| attempt.state);
        if !matches!(authorization, Some(State::New | State::Sent | State::Processing | State::Unknown)) {
            self.token = PaymentToken::default();
        }
        if self.is_busy() {
            return;
        }
        let next = if self.is_unwanted() {
            self.next_to_give_back()
        } else {
            let takeable = self.capture_wanted && self.ledger.has(Event::Authorized);
            let untaken = self.latest(Operation::Capture).is_none() && !self.ledger.has(Event::Captured);
            (takeable && untaken).then_some(Operation::Capture)
        };
        if let Some(operation) = next {
            self.start(operation);
        }
    }

    fn next_to_give_back(&self) -> Option<Operation> {
        if self.balance().kept() > 0 {
            Some(Operation::Refund)
        } else if self.may_hold() {
            Some(Operation::Void)
        } else {
            None
        }
    }

    /// Something is held, or might come to be: only a void, or a refusal of the authorization itself, rules it out.
    fn may_hold(&self) -> bool {
        let taken = self.ledger.has(Event::Captured) || self.ledger.has(Event::Refunded);
        if taken || self.ledger.has(Event::Voided) {
            return false;
        }
        let authorization = self.latest(Operation::Authorize);
        let refused = authorization.is_some_and(|attempt| attempt.state == State::Declined);
        let sent = authorization.is_some_and(|attempt| attempt.sent_at.is_some());
        self.ledger.has(Event::Authorized) || (sent && !refused)
    }

    fn is_busy(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.state.is_open())
    }

    /// It is certain that no money is kept or held, nor will be.
    fn nothing_kept(&self) -> bool {
        !self.is_busy() && self.balance().kept() == 0 && !self.may_hold()
    }

    /// The answer to a call that takes money was lost, and what it was is not found out yet.
    fn is_unknown(&self) -> bool {
        let takes = [Operation::Authorize, Operation::Confirm, Operation::Capture];
        let in_doubt = |attempt: &Attempt| match attempt.state {
            State::Unknown => true,
            State::New | State::Sent => attempt.failures > 0,
            State::RequiresAction
            | State::Processing
            | State::Authorized
            | State::Captured
            | State::Declined
            | State::Canceled
            | State::Refunded => false,
        };
        self.attempts.iter().any(|attempt| takes.contains(&attempt.operation) && in_doubt(attempt))
    }

    pub(crate) fn status(&self) -> Status {
        let Balance { captured, refunded, .. } = self.balance();
        let authorization = self.latest(Operation::Authorize).map(|attempt| attempt.state);
        if self.ledger.has(Event::Refunded) && refunded == captured {
            Status::Refunded
        } else if self.ledger.has(Event::Captured) || self.ledger.has(Event::Refunded) {
            Status::Captured
        } else if self.is_unknown() {
            Status::Unknown
        } else if !self.failure.is_empty() && !self.ledger.has(Event::Authorized) && self.was_declined() {
            Status::Declined
        } else if self.ledger.has(Event::Voided) || (self.is_unwanted() && self.nothing_kept()) {
            Status::Canceled
        } else if self.ledger.has(Event::Authorized) {
            Status::Authorized
        } else if authorization == Some(State::RequiresAction) && self.latest(Operation::Confirm).is_none() {
            Status::RequiresAction
        } else {
            Status::Processing
        }
    }

    fn was_declined(&self) -> bool {
        let declined = |operation| self.latest(operation).is_some_and(|attempt| attempt.state == State::Declined);
        declined(Operation::Authorize) || declined(Operation::Confirm)
    }

    /// What the checkout should know by now; nothing while its last command is under way.
    pub(crate) fn answer(&self) -> Option<Answer> {
        if self.is_unwanted() {
            return self.nothing_kept().then(|| self.farewell());
        }
        if self.ledger.has(Event::Captured) {
            Some(Answer::Captured)
        } else if self.is_unknown() {
            Some(Answer::Uncertain)
        } else if self.ledger.has(Event::Authorized) {
            Some(Answer::Authorized)
        } else if self.awaits_action() {
            Some(Answer::ActionRequired { expires: self.action_expires })
        } else {
            None
        }
    }

    fn farewell(&self) -> Answer {
        if !self.cancel_wanted {
            return Answer::Failed { reason: self.failure.clone() };
        }
        Answer::Cancelled(if self.ledger.has(Event::Refunded) {
            Cancelled::Refunded
        } else if self.ledger.has(Event::Authorized) {
            Cancelled::Voided
        } else {
            Cancelled::NothingHeld
        })
    }
}
