//! The payment of one order: what is done to it and what it then looks like.
//!
//! Every method takes a payment from one consistent state to the next, whatever came before: commands come twice,
//! reports come late, early or reordered, answers get lost. What follows from a change is in [`super::plan`].

use kernel::{Money, Timestamp};

use super::{
    PaymentId,
    attempt::{self, Attempt, Call, Due, Job, Operation, Outcome, PaymentToken, State},
    ledger::{Anomaly, Event, Ledger, Report},
    payer::Payer,
};

/// Why a payment that the shopper did not confirm in time failed.
pub(crate) const CONFIRMATION_EXPIRED: &str = "CONFIRMATION_EXPIRED";

/// The payment of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) id: PaymentId,
    pub(crate) order_id: String,
    pub(crate) payer: Payer,
    pub(crate) provider: String,
    pub(crate) amount: Money,
    /// Kept only while the authorization may still have to be sent.
    pub(crate) token: PaymentToken,
    /// The checkout wants the money taken.
    pub(crate) capture_wanted: bool,
    /// The checkout wants no money kept. Stronger than anything else, and never taken back.
    pub(crate) cancel_wanted: bool,
    /// Why it failed, if it did; empty otherwise. A failed payment must not keep money either.
    pub(crate) failure: String,
    /// Until when the shopper may confirm.
    pub(crate) action_expires: Option<Timestamp>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) ledger: Ledger,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A payment that cannot be confirmed as it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotConfirmable;

impl Payment {
    /// The checkout wants the money held: the first attempt waits to be sent.
    pub(crate) fn begin(mut self) -> Self {
        self.start(Operation::Authorize);
        self
    }

    /// The checkout wants the money taken, once it is held.
    pub(crate) fn capture(&mut self) {
        self.capture_wanted = true;
        self.go_on();
    }

    /// The checkout wants no money kept. What was not sent is not sent any more; what was must be found out first.
    pub(crate) fn cancel(&mut self) {
        self.cancel_wanted = true;
        self.call_off_unsent();
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.state == State::Unknown) {
            attempt.due = Due::Now;
        }
        self.go_on();
    }

    /// The shopper says to have confirmed. Confirming again, or a payment that has gone on since, changes nothing.
    pub(crate) fn confirm(&mut self, now: Timestamp) -> Result<(), NotConfirmable> {
        if self.is_unwanted() {
            return Err(NotConfirmable);
        }
        if self.latest(Operation::Confirm).is_some() || self.balance().authorized > 0 {
            return Ok(());
        }
        let in_time = self.action_expires.is_none_or(|expires| now < expires);
        if !self.awaits_action() || !in_time {
            return Err(NotConfirmable);
        }
        self.start(Operation::Confirm);
        Ok(())
    }

    /// Takes up an attempt that is due, until `lease`: from then on it counts as sent, come what may.
    pub(crate) fn claim(&mut self, key: &str, now: Timestamp, lease: Timestamp) -> Option<Job> {
        let place = self.place(key)?;
        let attempt = &mut self.attempts[place];
        match attempt.state {
            State::New => {
                attempt.state = State::Sent;
                attempt.sent_at = attempt.sent_at.or(Some(now));
                attempt.due = Due::At(lease);
                Some(Job::Make(self.call(place)))
            }
            State::Sent | State::Processing | State::Unknown => {
                attempt.due = Due::At(lease);
                Some(Job::Find(self.call(place)))
            }
            State::RequiresAction => {
                self.expire(now);
                None
            }
            State::Authorized | State::Captured | State::Declined | State::Canceled | State::Refunded => {
                attempt.due = Due::Never;
                None
            }
        }
    }

    /// What came of a job. An attempt that was decided in the meantime, by a webhook, stays as it is.
    pub(crate) fn settle(&mut self, key: &str, outcome: &Outcome, expires: Timestamp) -> Result<(), Anomaly> {
        if let Outcome::Reported(report) = outcome {
            return self.report(report, expires).inspect_err(|_| self.doubt(key));
        }
        let Some(place) = self.place(key).filter(|place| self.attempts[*place].state.is_open()) else { return Ok(()) };
        match outcome {
            Outcome::Reported(_) => {}
            Outcome::Processing => self.attempts[place].put_off(State::Processing),
            Outcome::Lost => self.attempts[place].put_off(State::Unknown),
            Outcome::Missing => self.missing(place),
            Outcome::Refused(reason) => self.refused(place, reason),
        }
        self.go_on();
        Ok(())
    }

    /// What the provider says happened, however it came to say so. Until `expires` the shopper may confirm, unless
    /// the provider names another time.
    pub(crate) fn report(&mut self, report: &Report, expires: Timestamp) -> Result<(), Anomaly> {
        self.ledger.add(report, &self.order_id, self.amount)?;
        self.resolve(report, expires);
        self.go_on();
        Ok(())
    }

    /// Whether the shopper is asked to confirm and has not done so.
    pub(crate) fn awaits_action(&self) -> bool {
        self.latest(Operation::Authorize).is_some_and(|attempt| attempt.state == State::RequiresAction)
            && self.latest(Operation::Confirm).is_none()
    }

    pub(crate) fn latest(&self, operation: Operation) -> Option<&Attempt> {
        self.attempts.iter().filter(|attempt| attempt.operation == operation).max_by_key(|attempt| attempt.number)
    }

    /// The key of an attempt.
    pub(crate) fn key(&self, attempt: &Attempt) -> String {
        attempt::key(&self.order_id, attempt.number, attempt.operation)
    }

    /// Begins a call. There is never one beside it: the caller has seen that none is open.
    pub(super) fn start(&mut self, operation: Operation) {
        let number = self.latest(operation).map_or(0, |attempt| attempt.number) + 1;
        self.attempts.push(Attempt::new(operation, number));
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.attempts.iter().position(|attempt| self.key(attempt) == key)
    }

    fn call(&self, place: usize) -> Call {
        let attempt = &self.attempts[place];
        let authorization = self.latest(Operation::Authorize).expect("a payment begins with an authorization");
        let amount = match attempt.operation {
            Operation::Refund => Money::new(self.amount.currency, self.balance().kept()),
            Operation::Authorize | Operation::Confirm | Operation::Capture | Operation::Void => self.amount,
        };
        Call {
            key: self.key(attempt),
            operation: attempt.operation,
            payment_id: self.id,
            order_id: self.order_id.clone(),
            amount,
            token: self.token.clone(),
            authorization_key: self.key(authorization),
            authorization: authorization.reference.clone(),
        }
    }

    fn call_off_unsent(&mut self) {
        let wants_money = |attempt: &&mut Attempt| {
            matches!(attempt.operation, Operation::Authorize | Operation::Confirm | Operation::Capture)
        };
        for attempt in self.attempts.iter_mut().filter(wants_money) {
            if attempt.state == State::New {
                attempt.end(State::Canceled);
            }
        }
    }

    /// The time to confirm has run out: whatever the shopper does at the bank now, nothing may be held.
    fn expire(&mut self, now: Timestamp) {
        let over = self.action_expires.is_some_and(|expires| expires <= now);
        if over && self.awaits_action() && !self.is_unwanted() {
            self.failure = CONFIRMATION_EXPIRED.to_owned();
        }
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.state == State::RequiresAction) {
            attempt.due = Due::Never;
        }
        self.go_on();
    }

    /// The provider has never seen it: sent again under the same key, unless nobody wants it any more.
    fn missing(&mut self, place: usize) {
        let unwanted = self.is_unwanted();
        let attempt = &mut self.attempts[place];
        match attempt.operation {
            Operation::Authorize | Operation::Confirm | Operation::Capture if unwanted => attempt.end(State::Canceled),
            Operation::Authorize | Operation::Confirm | Operation::Capture | Operation::Void | Operation::Refund => {
                attempt.put_off(State::New);
            }
        }
    }

    fn refused(&mut self, place: usize, reason: &str) {
        let attempt = &mut self.attempts[place];
        attempt.end(State::Declined);
        let wanted_money = matches!(attempt.operation, Operation::Authorize | Operation::Confirm | Operation::Capture);
        if wanted_money && self.failure.is_empty() {
            self.failure = reason.to_owned();
        }
    }

    /// A report about the attempt that cannot be true leaves it in doubt.
    fn doubt(&mut self, key: &str) {
        if let Some(place) = self.place(key).filter(|place| self.attempts[*place].state.is_open()) {
            self.attempts[place].put_off(State::Unknown);
        }
    }

    /// Decides the attempts that a report is the answer to. Those that are decided stay so: an older report that
    /// comes later changes nothing.
    fn resolve(&mut self, report: &Report, expires: Timestamp) {
        let (operations, state): (&[Operation], State) = match report.event {
            Event::ActionRequired => (&[Operation::Authorize], State::RequiresAction),
            Event::Authorized => (&[Operation::Authorize, Operation::Confirm], State::Authorized),
            Event::Declined => (&[Operation::Authorize, Operation::Confirm], State::Declined),
            Event::Captured => (&[Operation::Capture], State::Captured),
            Event::Voided => (&[Operation::Void, Operation::Authorize, Operation::Confirm], State::Canceled),
            Event::Refunded => (&[Operation::Refund], State::Refunded),
        };
        let mut decided = false;
        for attempt in self.attempts.iter_mut().filter(|attempt| operations.contains(&attempt.operation)) {
            let waits = attempt.state.is_open() && attempt.sent_at.is_some();
            let acted = attempt.state == State::RequiresAction && state != State::RequiresAction;
            if waits || acted {
                attempt.end(state);
                attempt.reference.clone_from(&report.reference);
                decided = true;
            }
        }
        if !decided {
            return;
        }
        match report.event {
            Event::ActionRequired => self.await_action(report.expires.unwrap_or(expires)),
            Event::Declined if self.failure.is_empty() => self.failure.clone_from(&report.reason),
            Event::Authorized | Event::Declined | Event::Captured | Event::Voided | Event::Refunded => {}
        }
    }

    fn await_action(&mut self, expires: Timestamp) {
        self.action_expires = Some(expires);
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.state == State::RequiresAction) {
            attempt.due = Due::At(expires);
        }
    }
}
