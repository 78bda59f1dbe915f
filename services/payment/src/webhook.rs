//! What providers report on their own: late, early, twice, reordered, or never.
//!
//! A report takes the same way as the answer to a call ([`Payment::report`]): it is checked against our payment,
//! remembered once, and only then moves anything. A report that cannot be true is acknowledged, since sending it
//! again would not make it truer, and left to somebody to look into.

use db::{Db, Tx};

use crate::{
    Error,
    change::{self, Rules, Tell},
    domain::{ledger::Report, payment::Payment},
    metrics,
    provider::{Provider, Providers, WebhookError},
    store,
};

/// A larger report is refused unread.
const MAX_BYTES: usize = 256 * 1024;

/// Takes reports.
#[derive(Clone, Debug)]
pub(crate) struct Webhooks {
    pub(crate) db: Db,
    pub(crate) providers: Providers,
    pub(crate) rules: Rules,
}

impl Webhooks {
    /// Takes a report of the provider `name`: its raw bytes and their signature.
    pub(crate) async fn receive(&self, name: &str, signature: &str, body: &[u8]) -> Result<(), Error> {
        let provider = self.providers.find(name).ok_or_else(|| Error::UnknownProvider { name: name.to_owned() })?;
        let taken = self.take(provider.as_ref(), signature, body).await;
        let result = match &taken {
            Ok(result) => *result,
            Err(Error::InvalidSignature) => "invalid_signature",
            Err(Error::MalformedWebhook { .. }) => "malformed",
            Err(_) => "failed",
        };
        ::metrics::counter!(metrics::WEBHOOKS, "provider" => provider.name(), "result" => result).increment(1);
        taken.map(|_| ())
    }

    async fn take(&self, provider: &dyn Provider, signature: &str, body: &[u8]) -> Result<&'static str, Error> {
        if body.len() > MAX_BYTES {
            return Err(Error::malformed("it is too large"));
        }
        let notice = provider.read_webhook(signature, body, self.db.clock().now()).map_err(|error| match error {
            WebhookError::Signature => Error::InvalidSignature,
            WebhookError::Malformed(problem) => Error::malformed(problem),
        })?;
        let id = notice.payment_id.as_str();
        let Some(report) = notice.report else {
            tracing::info!(payment.id = id, provider = provider.name(), "a report of a kind that needs no action");
            return Ok("ignored");
        };
        // Most reports only repeat the answer to a call: they are told apart without a transaction.
        if store::event::is_known(self.db.reader(), provider.name(), id, &report).await? {
            return Ok("duplicate");
        }
        let report = &report;
        self.db.write(|tx| Box::pin(self.record(tx, provider.name(), id, report))).await
    }

    async fn record(&self, tx: &Tx, provider: &str, id: &str, report: &Report) -> Result<&'static str, Error> {
        if store::event::is_known(tx, provider, id, report).await? {
            return Ok("duplicate");
        }
        let known = store::load(tx, id).await?.filter(|payment| payment.provider == provider);
        let Some(before) = known else {
            tracing::warn!(payment.id = id, provider, "a report about a payment that is not ours");
            return Ok("unknown_payment");
        };
        let mut after = before.clone();
        if let Err(anomaly) = after.report(report, self.rules.expires(tx.now())) {
            alarm(&before, report, &anomaly.to_string());
            return Ok("anomaly");
        }
        change::store(tx, &self.rules, &[(before, after)], Tell::IfNew).await?;
        Ok("taken")
    }
}

/// A provider says what cannot be true: money may have moved that should not have.
pub(crate) fn alarm(payment: &Payment, report: &Report, problem: &str) {
    ::metrics::counter!(metrics::ANOMALIES, "provider" => payment.provider.clone()).increment(1);
    tracing::error!(
        payment.id = %payment.id,
        order.id = payment.order_id,
        event.id = report.event_id,
        event.reference = report.reference,
        problem,
        "the provider reports what cannot be true of the payment; compare it with the provider's records"
    );
}
