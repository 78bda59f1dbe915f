//! The tables of this service and what is done with them.

pub(crate) mod attempt;
pub(crate) mod event;
pub(crate) mod forestalled;
pub(crate) mod payment;
pub(crate) mod read;

use std::collections::{HashMap, HashSet};

use db::Tx;
use kernel::Backoff;
use sea_orm::ConnectionTrait;

use crate::{
    Error,
    domain::{attempt::Attempt, ledger::Entry, payment::Payment},
};

/// Reads payments whole, by id.
pub(crate) async fn load_all(
    connection: &impl ConnectionTrait,
    ids: &HashSet<String>,
) -> Result<HashMap<String, Payment>, Error> {
    let ids: Vec<String> = ids.iter().cloned().collect();
    let mut payments = HashMap::with_capacity(ids.len());
    for ids in db::sql::padded(&ids) {
        let found = payment::find_all(connection, &ids).await?;
        if found.is_empty() {
            continue;
        }
        payments.extend(found);
        for (id, attempt) in attempt::of_payments(connection, &ids).await? {
            payments.entry(id).and_modify(|payment| payment.attempts.push(attempt));
        }
        let mut entries = event::of_payments(connection, &ids).await?;
        for (id, payment) in &mut payments {
            if let Some(entries) = entries.remove(id) {
                payment.ledger = entries.into_iter().collect();
            }
        }
    }
    Ok(payments)
}

/// Reads one payment whole.
pub(crate) async fn load(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Payment>, Error> {
    Ok(load_all(connection, &HashSet::from([id.to_owned()])).await?.remove(id))
}

/// Stores what became of payments that were read in the same transaction: pairs of before and after.
pub(crate) async fn save_all(tx: &Tx, changes: &[(Payment, Payment)], backoff: Backoff) -> Result<(), Error> {
    for (before, after) in changes {
        if payment::differs(before, after) {
            payment::update(tx, after).await?;
        }
    }
    attempt::put_all(tx, &changed_attempts(changes), backoff).await?;
    event::insert_all(tx, &new_entries(changes)).await
}

fn changed_attempts(changes: &[(Payment, Payment)]) -> Vec<(&Payment, &Attempt)> {
    let mut changed = Vec::new();
    for (before, after) in changes {
        let attempts = after.attempts.iter().filter(|attempt| !before.attempts.contains(attempt));
        changed.extend(attempts.map(|attempt| (after, attempt)));
    }
    changed
}

fn new_entries(changes: &[(Payment, Payment)]) -> Vec<(&Payment, &Entry)> {
    let mut new = Vec::new();
    for (before, after) in changes {
        let entries = after.ledger.entries().iter().skip(before.ledger.entries().len());
        new.extend(entries.map(|entry| (after, entry)));
    }
    new
}
