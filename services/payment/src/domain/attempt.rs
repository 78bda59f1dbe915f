//! One call to a provider: an operation, its number and its key.

use std::fmt;

use kernel::{Money, Timestamp};

use super::{PaymentId, named};

named! {
    /// What a provider is asked to do.
    Operation {
        /// Hold the amount.
        Authorize = "authorize",
        /// Go on after the shopper's confirmation.
        Confirm = "confirm",
        /// Take what is held.
        Capture = "capture",
        /// See that nothing is held, now and later.
        Void = "void",
        /// Give back what was taken.
        Refund = "refund",
    }
}

named! {
    /// How far a call is.
    State {
        /// Stored, not sent.
        New = "new",
        /// Perhaps sent: the row was committed before the call.
        Sent = "sent",
        /// The provider waits for the shopper.
        RequiresAction = "requires_action",
        /// The provider is at it.
        Processing = "processing",
        /// Held.
        Authorized = "authorized",
        /// Taken.
        Captured = "captured",
        /// Refused, for good.
        Declined = "declined",
        /// Called off, or the hold was lifted.
        Canceled = "canceled",
        /// Given back.
        Refunded = "refunded",
        /// The answer was lost.
        Unknown = "unknown",
    }
}

impl State {
    /// The provider may still do it: nothing else may be begun.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Sent | Self::Processing | Self::Unknown)
    }
}

/// When a worker should look at an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not any more.
    Never,
    /// Now.
    Now,
    /// At a moment.
    At(Timestamp),
    /// After so many failures, which take the longer the more there were.
    After(u32),
}

/// One call to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) operation: Operation,
    /// 1, 2 …: a further one is begun only when the one before is known to have failed.
    pub(crate) number: u32,
    pub(crate) state: State,
    /// The provider's own id of what came of it; empty until known.
    pub(crate) reference: String,
    /// When it was first sent, if ever.
    pub(crate) sent_at: Option<Timestamp>,
    /// How often its answer was lost or its fate could not be found out.
    pub(crate) failures: u32,
    pub(crate) due: Due,
}

impl Attempt {
    pub(crate) fn new(operation: Operation, number: u32) -> Self {
        let due = if number == 1 { Due::Now } else { Due::After(number - 1) };
        Self { operation, number, state: State::New, reference: String::new(), sent_at: None, failures: 0, due }
    }

    /// Ends it.
    pub(crate) fn end(&mut self, state: State) {
        self.state = state;
        self.due = Due::Never;
    }

    /// Puts it off after one more failure.
    pub(crate) fn put_off(&mut self, state: State) {
        self.failures = self.failures.saturating_add(1);
        self.state = state;
        self.due = Due::After(self.failures);
    }
}

/// The key under which the provider knows an attempt. The same for every try of it, so that it takes effect once.
pub(crate) fn key(order_id: &str, number: u32, operation: Operation) -> String {
    format!("ord:{order_id}:{number}:{}", operation.name())
}

/// A provider's token for a payment method. It buys things, so it is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct PaymentToken(pub(crate) String);

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentToken(…)")
    }
}

/// A call as the provider gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// See [`key`].
    pub(crate) key: String,
    pub(crate) operation: Operation,
    pub(crate) payment_id: PaymentId,
    pub(crate) order_id: String,
    pub(crate) amount: Money,
    /// The payment method; for [`Operation::Authorize`] only.
    pub(crate) token: PaymentToken,
    /// The key of the authorization that all the others are about.
    pub(crate) authorization_key: String,
    /// The provider's id of that authorization; empty if its answer was lost.
    pub(crate) authorization: String,
}

/// What to do about an attempt that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Make the call.
    Make(Call),
    /// Find out what became of the call.
    Find(Call),
}

impl Job {
    pub(crate) fn call(&self) -> &Call {
        match self {
            Self::Make(call) | Self::Find(call) => call,
        }
    }
}

/// What came of a [`Job`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The provider tells what happened.
    Reported(super::ledger::Report),
    /// The provider is at it.
    Processing,
    /// The provider refuses the call, for good. Nothing happened.
    Refused(String),
    /// The provider has never seen the call.
    Missing,
    /// Nobody knows.
    Lost,
}
