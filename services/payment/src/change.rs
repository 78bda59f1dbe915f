//! One change of payments: read, change, store and tell, in the caller's transaction.
//!
//! Commands, answers of providers, webhooks and the shopper's confirmation all end here, so each of them leaves the
//! payment, its attempts, its ledger and the outbox in step.

use std::{sync::Arc, time::Duration};

use db::Tx;
use kernel::{Backoff, Timestamp};
use tokio::sync::Notify;

use crate::{
    Error, answers,
    domain::{Answer, attempt::Due, payment::Payment},
    metrics, store,
};

/// What changes of payments depend on.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// How long calls that failed wait.
    pub(crate) backoff: Backoff,
    /// How long a shopper may take to confirm.
    pub(crate) confirm: Duration,
    /// Wakes the worker, once there is something to do for it.
    pub(crate) wake: Arc<Notify>,
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
pub(crate) async fn store(tx: &Tx, rules: &Rules, changes: &[(Payment, Payment)], tell: Tell) -> Result<(), Error> {
    store::save_all(tx, changes, rules.backoff).await?;
    wake(tx, rules, changes.iter().map(|(_, after)| after));
    for (before, after) in changes {
        if before.status() != after.status() {
            count(tx, after);
        }
        let (old, new) = (before.answer(), after.answer());
        if tell == Tell::Always || old != new {
            emit(tx, after, new).await?;
        }
    }
    Ok(())
}

/// Stores a payment that has just begun.
pub(crate) async fn store_new(tx: &Tx, rules: &Rules, payment: &Payment) -> Result<(), Error> {
    store::payment::insert(tx, payment).await?;
    let attempts: Vec<_> = payment.attempts.iter().map(|attempt| (payment, attempt)).collect();
    store::attempt::put_all(tx, &attempts, rules.backoff).await?;
    wake(tx, rules, [payment]);
    count(tx, payment);
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

fn wake<'a>(tx: &Tx, rules: &Rules, payments: impl IntoIterator<Item = &'a Payment>) {
    let now = |payment: &Payment| payment.attempts.iter().any(|attempt| attempt.due == Due::Now);
    if payments.into_iter().any(now) {
        let wake = Arc::clone(&rules.wake);
        tx.after_commit(move || wake.notify_one());
    }
}

fn count(tx: &Tx, payment: &Payment) {
    let status = payment.status().name();
    tx.after_commit(move || ::metrics::counter!(metrics::PAYMENTS, "status" => status).increment(1));
}
