//! Who carries out payments, and how they are asked.
//!
//! Every call carries a key of ours under which it takes effect once, so asking again is safe. An answer that does
//! not come is [`CallError::Lost`] and nothing else: only the provider knows then, and is asked by [`Provider::query`].

pub(crate) mod sandbox;
pub(crate) mod signature;

use std::{fmt, sync::Arc};

use kernel::Timestamp;
use tonic::codegen::async_trait;

use crate::domain::{
    attempt::{Call, Operation, Outcome},
    ledger::Report,
};

/// What a provider says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// This happened.
    Report(Report),
    /// It is at it.
    Processing,
}

/// Why a provider did not say what happened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It refuses the call for good, and nothing happened.
    #[error("the provider refuses the call: {reason}")]
    Refused {
        /// A stable reason.
        reason: String,
    },
    /// Its answer did not come, or says nothing: what happened is not known.
    #[error("the provider's answer was lost: {cause}")]
    Lost {
        /// What came instead of an answer.
        cause: String,
    },
}

/// A webhook that cannot be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebhookError {
    /// Not from the provider, or too long ago.
    #[error("the signature does not hold")]
    Signature,
    /// Signed, but not readable.
    #[error("{0}")]
    Malformed(String),
}

/// What a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Our payment, as the provider knows it.
    pub(crate) payment_id: String,
    /// What happened; none if it is nothing that we act upon.
    pub(crate) report: Option<Report>,
}

/// Carries out payments. Implementations are used by several tasks at once.
#[async_trait]
pub(crate) trait Provider: Send + Sync + fmt::Debug {
    /// Its name: in routes, in the database and in [`Call`]s.
    fn name(&self) -> &'static str;

    /// Holds the amount, or asks for the shopper's confirmation.
    async fn authorize(&self, call: &Call) -> Result<Reply, CallError>;

    /// Goes on after the shopper's confirmation.
    async fn confirm(&self, call: &Call) -> Result<Reply, CallError>;

    /// Takes what is held.
    async fn capture(&self, call: &Call) -> Result<Reply, CallError>;

    /// Sees that nothing is held under the authorization's key, and never will be, even if the provider has not seen
    /// that authorization yet.
    async fn void(&self, call: &Call) -> Result<Reply, CallError>;

    /// Gives back the amount of the call.
    async fn refund(&self, call: &Call) -> Result<Reply, CallError>;

    /// What became of an earlier call; none if it was never seen.
    async fn query(&self, call: &Call) -> Result<Option<Reply>, CallError>;

    /// Verifies a webhook on its raw bytes and only then reads it.
    fn read_webhook(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Notice, WebhookError>;
}

/// The providers of this process, by name.
#[derive(Clone, Debug)]
pub(crate) struct Providers(Arc<[Arc<dyn Provider>]>);

impl Providers {
    pub(crate) fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        Self(providers.into())
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.0.iter().find(|provider| provider.name() == name)
    }
}

/// Makes the call.
pub(crate) async fn make(provider: &dyn Provider, call: &Call) -> Outcome {
    let replied = match call.operation {
        Operation::Authorize => provider.authorize(call).await,
        Operation::Confirm => provider.confirm(call).await,
        Operation::Capture => provider.capture(call).await,
        Operation::Void => provider.void(call).await,
        Operation::Refund => provider.refund(call).await,
    };
    outcome(replied.map(Some))
}

/// Finds out what became of the call.
pub(crate) async fn find(provider: &dyn Provider, call: &Call) -> Outcome {
    outcome(provider.query(call).await)
}

fn outcome(replied: Result<Option<Reply>, CallError>) -> Outcome {
    match replied {
        Ok(Some(Reply::Report(report))) => Outcome::Reported(report),
        Ok(Some(Reply::Processing)) => Outcome::Processing,
        Ok(None) => Outcome::Missing,
        Err(CallError::Refused { reason }) => Outcome::Refused(reason),
        Err(CallError::Lost { cause }) => {
            tracing::warn!(cause, "a payment provider's answer was lost");
            Outcome::Lost
        }
    }
}
