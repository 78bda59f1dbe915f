//! What a provider reported about a payment: facts that are only ever added, and the amounts that follow from them.

use std::collections::HashSet;

use kernel::{Money, Timestamp};

use super::named;

named! {
    /// What happened.
    Event {
        /// The shopper must confirm.
        ActionRequired = "action_required",
        /// The amount is held.
        Authorized = "authorized",
        /// Refused.
        Declined = "declined",
        /// Taken.
        Captured = "captured",
        /// Nothing is held any more.
        Voided = "voided",
        /// Given back.
        Refunded = "refunded",
    }
}

/// What a provider tells, by reply, by webhook or when asked. All three take the same way from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Unique at the provider: the webhook's event, or the call's key with what it led to.
    pub(crate) event_id: String,
    /// Our order, as the provider knows it.
    pub(crate) order_id: String,
    pub(crate) event: Event,
    /// The provider's id of the authorization, capture, void or refund.
    pub(crate) reference: String,
    pub(crate) amount: Money,
    /// Why it was refused; empty otherwise.
    pub(crate) reason: String,
    /// Until when the shopper may confirm, if the provider says so.
    pub(crate) expires: Option<Timestamp>,
}

/// A fact of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) event_id: String,
    pub(crate) event: Event,
    pub(crate) reference: String,
    pub(crate) amount_minor: i64,
}

/// Why a report cannot be true of the payment. Nothing is changed; somebody must look into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Anomaly {
    #[error("it is about another order, {0}")]
    Order(String),
    #[error("the amount is {reported}, ours is {ours}")]
    Amount { reported: Money, ours: Money },
    #[error("with it, more would be {} than the payment is about", .0.name())]
    Exceeds(Event),
}

/// The facts of one payment. Nothing is ever taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger(Vec<Entry>);

impl Ledger {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub(crate) fn has(&self, event: Event) -> bool {
        self.0.iter().any(|entry| entry.event == event)
    }

    /// Adds what is reported of a payment of `order_id` over `amount`. Tells whether it was new.
    pub(crate) fn add(&mut self, report: &Report, order_id: &str, amount: Money) -> Result<bool, Anomaly> {
        check(report, order_id, amount)?;
        let known = |entry: &Entry| {
            entry.event_id == report.event_id || (entry.event == report.event && entry.reference == report.reference)
        };
        if self.0.iter().any(known) {
            return Ok(false);
        }
        if self.sum(report.event).saturating_add(report.amount.minor) > amount.minor && report.event.moves_money() {
            return Err(Anomaly::Exceeds(report.event));
        }
        self.0.push(Entry {
            event_id: report.event_id.clone(),
            event: report.event,
            reference: report.reference.clone(),
            amount_minor: report.amount.minor,
        });
        Ok(true)
    }

    fn sum(&self, event: Event) -> i64 {
        self.0.iter().filter(|entry| entry.event == event).map(|entry| entry.amount_minor).sum()
    }

    /// The amounts that follow from the facts. A capture implies an authorization and a refund a capture, as the
    /// report of the later step may come first.
    pub(crate) fn balance(&self) -> Balance {
        let refunded = self.sum(Event::Refunded);
        let captured = self.sum(Event::Captured).max(refunded);
        let authorized = self.sum(Event::Authorized).max(captured);
        let held = if self.has(Event::Voided) { 0 } else { authorized - captured };
        Balance { authorized, captured, refunded, held }
    }
}

impl FromIterator<Entry> for Ledger {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        let entries: Vec<Entry> = entries.into_iter().collect();
        debug_assert_eq!(entries.iter().map(|entry| &entry.event_id).collect::<HashSet<_>>().len(), entries.len());
        Self(entries)
    }
}

impl Event {
    fn moves_money(self) -> bool {
        matches!(self, Self::Authorized | Self::Captured | Self::Refunded)
    }

    /// All of the amount is always authorized and captured; a void or a refund may be about less.
    fn is_about_all(self) -> bool {
        !matches!(self, Self::Voided | Self::Refunded)
    }
}

fn check(report: &Report, order_id: &str, ours: Money) -> Result<(), Anomaly> {
    if report.order_id != order_id {
        return Err(Anomaly::Order(report.order_id.clone()));
    }
    let reported = report.amount;
    let right_size = if report.event.is_about_all() {
        reported.minor == ours.minor
    } else {
        (0..=ours.minor).contains(&reported.minor)
    };
    if reported.currency == ours.currency && right_size { Ok(()) } else { Err(Anomaly::Amount { reported, ours }) }
}

/// Where the money is, in minor units of the payment's currency. `refunded ≤ captured ≤ authorized`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    /// Still held and not taken.
    pub(crate) held: i64,
}

impl Balance {
    /// Taken and not given back.
    pub(crate) fn kept(&self) -> i64 {
        self.captured - self.refunded
    }
}
