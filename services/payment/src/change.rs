//! One change of payments: read, change, store and tell, in the caller's transaction.
//!
//! Commands, answers of providers, webhooks and the shopper's confirmation all end here, so each of them leaves the
//! payment, its attempts, its ledger and the outbox in step.

use db::Tx;
use kernel::{Backoff, Timestamp};

use crate::{
    Error, answers,
    domain::{Answer, payment::Payment},
    metrics, store,
};

/// What changes of payments depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// How long calls that failed wait.
    pub(crate) backoff: Backoff,
    /// How long a shopper may take to confirm.
    pub(crate) confirm: std::time::Duration,
}

impl Rules {
    /// Until when the shopper may confirm what is to be confirmed from `now` on.
    pub(crate) fn expires(&self, now: Timestamp) -> Timestamp {
        now + self.confirm
    }
}

/// Whether the checkout hears the answer to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tell {
    /// If it is another one than before.
    IfNew,
    /// In any case: it asked, and nothing else will follow.
    Always,
}

/// Stores what became of payments, pairs of before and after, and tells the checkout.
pub(crate) async fn store(tx: &Tx, rules: Rules, changes: &[(Payment, Payment)], tell: Tell) -> Result<(), Error> {
    store::save_all(tx, changes, rules.backoff).await?;
    for (before, after) in changes {
        if before.status() != after.status() {
            count(after);
        }
        let (old, new) = (before.answer(), after.answer());
        if tell == Tell::Always || old != new {
            emit(tx, after, new).await?;
        }
    }
    Ok(())
}

/// Stores a payment that has just begun.
pub(crate) async fn store_new(tx: &Tx, rules: Rules, payment: &Payment) -> Result<(), Error> {
    store::payment::insert(tx, payment).await?;
    let attempts: Vec<_> = payment.attempts.iter().map(|attempt| (payment, attempt)).collect();
    store::attempt::put_all(tx, &attempts, rules.backoff).await?;
    count(payment);
    Ok(())
}

async fn emit(tx: &Tx, payment: &Payment, answer: Option<Answer>) -> Result<(), Error> {
    match answer {
        Some(answer) => {
            tracing::info!(payment.id = %payment.id, order.id = payment.order_id, ?answer, "payment answered");
            answers::emit(tx, payment, answer).await
        }
        None => Ok(()),
    }
}

/// A transaction that is run again counts again, which is rare enough for a metric.
fn count(payment: &Payment) {
    ::metrics::counter!(metrics::PAYMENTS, "status" => payment.status().name()).increment(1);
}
