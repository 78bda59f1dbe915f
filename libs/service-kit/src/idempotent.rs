//! RPCs that take effect once for each idempotency key.
//!
//! [`run`] claims the caller's key, runs the work, and makes the outcome final: the reply is stored by the work
//! itself, in its own transaction ([`complete`]); errors that the same request would meet again are stored
//! afterwards; after all others the key is free again. A repeated call gets the stored outcome, marked as replayed.

use std::sync::Arc;

use bytes::Bytes;
use db::{
    Db, Tx,
    idempotency::{self, Begin, Claim, Key, Outcome},
};
use kernel::{sha256, sha256_hex};
use prost::{Message, Name};
use tonic::{Code, Response, Status};

use crate::{Caller, Error, metadata, outgoing};

/// Runs `work` unless it was run before for the caller's key and this very request.
///
/// The policy of the RPC must ask for a key, so that the pipeline has refused calls without one.
///
/// # Errors
/// Those of `work`, and: the key is at work, or was used for another request.
pub async fn run<Q, P, E, F, W>(db: &Db, caller: &Caller, request: &Q, work: F) -> Result<Response<P>, Status>
where
    Q: Message + Name,
    P: Message + Default,
    E: Into<Status>,
    F: FnOnce(Arc<Claim>) -> W,
    W: Future<Output = Result<P, E>>,
{
    let key = Key {
        principal: principal(caller),
        method: Q::full_name(),
        key: caller.metadata(metadata::IDEMPOTENCY_KEY).ok_or(Error::MissingIdempotencyKey)?.to_owned(),
        fingerprint: sha256(&request.encode_to_vec()),
    };
    let claim = match idempotency::begin(db, &key).await.map_err(crate::status)? {
        Begin::Run(claim) => Arc::new(claim),
        Begin::Replay(outcome) => return replay(outcome),
    };
    match work(Arc::clone(&claim)).await {
        Ok(reply) => Ok(Response::new(reply)),
        Err(error) => {
            let status = error.into();
            settle(db, claim, &status).await;
            Err(status)
        }
    }
}

/// Stores the reply of the work, within its transaction.
///
/// # Errors
/// Another call took over because this one took longer than its lease; and those of the database.
pub async fn complete<P: Message>(claim: &Claim, tx: &Tx, reply: &P) -> Result<(), idempotency::Error> {
    claim.complete(tx, &Outcome::Reply(reply.encode_to_vec().into())).await
}

async fn settle(db: &Db, claim: Arc<Claim>, status: &Status) {
    // The work has ended, so nobody else holds the claim; if somebody does, its lease runs out.
    let Some(claim) = Arc::into_inner(claim) else { return };
    let settled = if is_final(status.code()) {
        claim.fail(db, Bytes::copy_from_slice(status.details())).await
    } else {
        claim.release(db).await
    };
    if let Err(error) = settled {
        // The key is free again when the lease runs out.
        tracing::warn!(error = %crate::error_chain(&error), "settle an idempotency key");
    }
}

/// Whether the same request would meet the same error again, whatever happens meanwhile. An empty cart can be filled
/// and a missing SKU be created: a try that failed for the state of things leaves its key free.
fn is_final(code: Code) -> bool {
    code == Code::InvalidArgument
}

fn replay<P: Message + Default>(outcome: Outcome) -> Result<Response<P>, Status> {
    match outcome {
        Outcome::Reply(bytes) => {
            let mut response = Response::new(P::decode(bytes).map_err(|_| Error::Panic)?);
            outgoing(&mut response, metadata::IDEMPOTENT_REPLAYED, "true");
            Ok(response)
        }
        Outcome::Error(bytes) => {
            let stored = tonic_types::Status::decode(bytes.clone()).map_err(|_| Error::Panic)?;
            #[expect(clippy::disallowed_methods, reason = "this status was made by the one place that makes them")]
            let mut status = Status::with_details(Code::from(stored.code), stored.message, bytes);
            let replayed = "true".parse().expect("a constant is a metadata value");
            status.metadata_mut().insert(metadata::IDEMPOTENT_REPLAYED, replayed);
            Err(status)
        }
    }
}

/// Whose keys these are: a guessed key of somebody else finds nothing.
fn principal(caller: &Caller) -> String {
    if let Some(account) = caller.signed_in() {
        return format!("account:{}", account.id);
    }
    if let Some(token) = caller.order_token() {
        return format!("order:{}", sha256_hex(token.as_bytes()));
    }
    match caller.cart_token() {
        Some(token) => format!("cart:{}", sha256_hex(token.as_bytes())),
        None => "anonymous".to_owned(),
    }
}
