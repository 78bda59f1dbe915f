//! Makes the calls that payments wait for, and finds out what became of those whose answer was lost.
//!
//! An attempt is marked as sent and committed before its call is made, and the call runs outside of any transaction.
//! One call of a payment runs at a time, a bounded number of all. What the process does not live to store is in the
//! rows: at the next start, and whenever an answer is lost, the provider is asked by our key.

use std::{collections::HashSet, time::Duration};

use db::{Db, Tx};
use kernel::Timestamp;
use service_kit::Tasks;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Error,
    change::{self, Rules, Tell},
    domain::{
        attempt::{Job, Outcome},
        payment::Payment,
    },
    metrics,
    provider::{self, Providers},
    store::{self, attempt::DueAttempt},
    webhook,
};

/// What is left of a lease when the call's own time is up: enough to store the outcome.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// How many outcomes share a transaction.
const BATCH: usize = 64;
/// An attempt whose fate is not known for so long is more than a lost answer.
const STUCK: Duration = Duration::from_secs(24 * 60 * 60);

/// How the worker works.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) call_timeout: Duration,
    pub(crate) concurrent_calls: usize,
    pub(crate) poll: Duration,
}

/// Makes calls.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) db: Db,
    pub(crate) providers: Providers,
    pub(crate) tasks: Tasks,
    pub(crate) settings: Settings,
}

/// A job and what came of it.
#[derive(Debug)]
struct Done {
    payment_id: String,
    key: String,
    outcome: Outcome,
}

impl Worker {
    /// Works until told to stop. Calls under way are left to the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        if let Err(error) = store::attempt::abandon_leases(&self.db).await {
            tracing::warn!(%error, "take over the calls of the process before; they follow when their leases end");
        }
        let (results, mut finished) = mpsc::channel(BATCH);
        let mut busy: HashSet<String> = HashSet::new();
        let mut batch = Vec::with_capacity(BATCH);
        while !stop.is_cancelled() {
            let more = match self.take_up(&mut busy, &results).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "take up calls to payment providers");
                    false
                }
            };
            let pause = if more { Duration::ZERO } else { self.settings.poll };
            tokio::select! {
                _ = finished.recv_many(&mut batch, BATCH) => {}
                () = self.settings.rules.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            for done in &batch {
                busy.remove(&done.payment_id);
            }
            self.settle_all(&batch).await;
            batch.clear();
        }
    }

    /// Starts what is due and may run now. Tells whether there may be more of it.
    async fn take_up(&self, busy: &mut HashSet<String>, results: &mpsc::Sender<Done>) -> Result<bool, Error> {
        let free = self.settings.concurrent_calls.saturating_sub(busy.len());
        if free == 0 {
            return Ok(false);
        }
        let limit = busy.len() + free;
        let due = store::attempt::due(self.db.reader(), self.db.clock().now(), limit).await?;
        let found = due.len();
        let mut taken = HashSet::new();
        let ready: Vec<DueAttempt> = due
            .into_iter()
            .filter(|attempt| !busy.contains(&attempt.payment_id) && taken.insert(attempt.payment_id.clone()))
            .take(free)
            .collect();
        if ready.is_empty() {
            return Ok(false);
        }
        let ready = ready.as_slice();
        let jobs = self.db.write(|tx| Box::pin(self.claim_all(tx, ready))).await?;
        let started = jobs.len();
        for (payment_id, provider, job) in jobs {
            busy.insert(payment_id.clone());
            let work = self.clone().work(payment_id, provider, job, results.clone());
            drop(self.tasks.spawn("provider call", work.in_current_span()));
        }
        Ok(found == limit && started > 0)
    }

    async fn claim_all(&self, tx: &Tx, due: &[DueAttempt]) -> Result<Vec<(String, String, Job)>, Error> {
        let lease = tx.now() + self.settings.call_timeout + LEASE_MARGIN;
        let mut payments = store::load_all(tx, &due.iter().map(|attempt| attempt.payment_id.clone()).collect()).await?;
        let mut jobs = Vec::with_capacity(due.len());
        let mut changes = Vec::with_capacity(due.len());
        for DueAttempt { key, payment_id } in due {
            let Some(before) = payments.remove(payment_id) else { continue };
            let mut after = before.clone();
            if let Some(job) = after.claim(key, tx.now(), lease) {
                warn_if_stuck(&after, key, tx.now());
                jobs.push((payment_id.clone(), after.provider.clone(), job));
            }
            changes.push((before, after));
        }
        change::store(tx, &self.settings.rules, &changes, Tell::IfNew).await?;
        Ok(jobs)
    }

    async fn work(self, payment_id: String, provider: String, job: Job, results: mpsc::Sender<Done>) {
        let key = job.call().key.clone();
        let outcome = self.call(&provider, &job).await;
        // The worker is gone when the process stops; the row tells the next one.
        drop(results.send(Done { payment_id, key, outcome }).await);
    }

    async fn call(&self, provider: &str, job: &Job) -> Outcome {
        let operation = job.call().operation.name();
        let Some(found) = self.providers.find(provider) else {
            tracing::error!(provider, key = job.call().key, "a payment's provider is not configured any more");
            return Outcome::Lost;
        };
        let begun = tokio::time::Instant::now();
        let calling = async {
            match job {
                Job::Make(call) => provider::make(found.as_ref(), call).await,
                Job::Find(call) => provider::find(found.as_ref(), call).await,
            }
        };
        let outcome = tokio::time::timeout(self.settings.call_timeout, calling).await.unwrap_or(Outcome::Lost);
        let labels = [("provider", found.name()), ("operation", operation)];
        ::metrics::histogram!(metrics::PROVIDER_CALL_SECONDS, &labels).record(begun.elapsed().as_secs_f64());
        ::metrics::counter!(metrics::PROVIDER_CALLS, "provider" => found.name(), "operation" => operation, "result" => result(&outcome)).increment(1);
        outcome
    }

    /// Stores outcomes together; if that fails, each alone, so that one does not hold up the others.
    async fn settle_all(&self, done: &[Done]) {
        if done.is_empty() {
            return;
        }
        let together: Result<(), Error> = self.db.write(|tx| Box::pin(self.settle(tx, done))).await;
        if let (Err(error), [_, _, ..]) = (&together, done) {
            tracing::warn!(%error, outcomes = done.len(), "store outcomes of provider calls together");
            for one in done.chunks(1) {
                let alone: Result<(), Error> = self.db.write(|tx| Box::pin(self.settle(tx, one))).await;
                report_unsettled(alone, one);
            }
        } else {
            report_unsettled(together, done);
        }
    }

    async fn settle(&self, tx: &Tx, done: &[Done]) -> Result<(), Error> {
        let rules = &self.settings.rules;
        let mut payments = store::load_all(tx, &done.iter().map(|done| done.payment_id.clone()).collect()).await?;
        let mut changes = Vec::with_capacity(done.len());
        for Done { payment_id, key, outcome } in done {
            let Some(before) = payments.remove(payment_id) else { continue };
            let mut after = before.clone();
            if let Err(anomaly) = after.settle(key, outcome, rules.expires(tx.now()))
                && let Outcome::Reported(report) = outcome
            {
                webhook::alarm(&before, report, &anomaly.to_string());
            }
            changes.push((before, after));
        }
        change::store(tx, rules, &changes, Tell::IfNew).await
    }
}

/// What is not stored is not lost: the attempt counts as sent, and is looked up when its lease ends.
fn report_unsettled(settled: Result<(), Error>, done: &[Done]) {
    if let Err(error) = settled {
        let key = done.first().map(|done| done.key.as_str());
        tracing::warn!(%error, key, "store the outcome of a provider call; the provider will be asked again");
    }
}

fn warn_if_stuck(payment: &Payment, key: &str, now: Timestamp) {
    let stuck = |attempt: &&crate::domain::attempt::Attempt| {
        attempt.failures > 0 && attempt.sent_at.is_some_and(|sent| now.since(sent) > STUCK)
    };
    if payment.attempts.iter().filter(stuck).any(|attempt| payment.key(attempt) == key) {
        tracing::error!(payment.id = %payment.id, key, "a provider call is in doubt for more than a day; look it up there");
    }
}

fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Reported(report) => report.event.name(),
        Outcome::Processing => "processing",
        Outcome::Refused(_) => "refused",
        Outcome::Missing => "missing",
        Outcome::Lost => "lost",
    }
}
