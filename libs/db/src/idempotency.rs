//! Idempotency keys: a request that comes again gets the reply of the first one.
//!
//! [`begin`] claims the key in a transaction of its own, with a lease; [`Claim::complete`] stores the reply in the
//! transaction of the work, so that either both are there or none. Work that died leaves a lease that runs out, and
//! the next request with the key takes over. Only outcomes that are final are stored; after others [`Claim::release`].
//! A key belongs to its principal and method, so a guessed key of somebody else reveals nothing.

use std::time::Duration;

use bytes::Bytes;
use kernel::{Classify, Fact, Kind, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::{Db, Tx, sql::statement};

/// How long a claim is held without completing it.
pub const LEASE: Duration = Duration::from_secs(60);
/// How long an outcome is kept.
pub const TTL: Duration = Duration::from_secs(72 * 60 * 60);

/// What identifies a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Who asks: the account, or the token of a guest.
    pub principal: String,
    /// The full name of the method: `/ultramarket.order.v1.OrderService/PlaceOrder`.
    pub method: String,
    /// The key that the client chose.
    pub key: String,
    /// A digest of the request. The same key with another one is an error.
    pub fingerprint: [u8; 32],
}

/// What to do with a request.
#[derive(Debug)]
pub enum Begin {
    /// Do the work and complete or release the claim.
    Run(Claim),
    /// It was done before: answer the same.
    Replay(Outcome),
}

/// How a request ended for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The encoded reply.
    Reply(Bytes),
    /// The encoded `google.rpc.Status` of an error that the same request would meet again.
    Error(Bytes),
}

/// Why a request with a key is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request with this key is at work.
    #[error("a request with this idempotency key is being processed")]
    InFlight {
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    Reused,
    /// The lease ran out and another request took over; this one must not take effect.
    #[error("the lease of the idempotency key ran out")]
    Lost,
    /// The database failed.
    #[error("store idempotency keys")]
    Db(#[from] crate::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::InFlight { .. } | Self::Lost => Kind::Aborted,
            Self::Reused => Kind::KeyReused,
            Self::Db(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::InFlight { .. } | Self::Lost => "IDEMPOTENCY_KEY_IN_FLIGHT",
            Self::Reused => "IDEMPOTENCY_KEY_REUSED",
            Self::Db(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Db(error) => error.facts(),
            Self::InFlight { .. } | Self::Reused | Self::Lost => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InFlight { retry_after } => Some(*retry_after),
            Self::Lost => Some(RETRY_AFTER),
            Self::Reused | Self::Db(_) => None,
        }
    }
}

const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The right to do the work of a key, until the lease runs out.
#[derive(Debug)]
#[must_use = "complete or release the claim, or the key is blocked until its lease runs out"]
pub struct Claim {
    key: Key,
    /// Tells this claim from one that took over.
    token: String,
}

/// Claims `key`, or finds what became of it.
///
/// # Errors
/// When the key is at work elsewhere or was used for another request, and those of the database.
pub async fn begin(db: &Db, key: &Key) -> Result<Begin, Error> {
    // One statement is a transaction. It wins on a key that is new, that has expired, or whose lease ran out.
    let claim = "INSERT INTO idempotency_keys \
                 (principal, method, key, fingerprint, claim, lease_until, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (principal, method, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
                 claim = excluded.claim, lease_until = excluded.lease_until, reply = NULL, error = NULL, \
                 created_at = excluded.created_at, expires_at = excluded.expires_at \
                 WHERE idempotency_keys.expires_at <= excluded.created_at \
                 OR (idempotency_keys.reply IS NULL AND idempotency_keys.error IS NULL \
                 AND idempotency_keys.lease_until <= excluded.created_at \
                 AND idempotency_keys.fingerprint = excluded.fingerprint)";
    loop {
        let now = db.clock().now();
        let token = db.ids().uuid().to_string();
        let values = [
            key.principal.as_str().into(),
            key.method.as_str().into(),
            key.key.as_str().into(),
            key.fingerprint.to_vec().into(),
            token.as_str().into(),
            (now + LEASE).micros().into(),
            now.micros().into(),
            (now + TTL).micros().into(),
        ];
        if db.execute(statement(db.reader(), claim, values)).await?.rows_affected() == 1 {
            return Ok(Begin::Run(Claim { key: key.clone(), token }));
        }
        let find = "SELECT fingerprint, reply, error, lease_until FROM idempotency_keys \
                    WHERE principal = $1 AND method = $2 AND key = $3";
        let values = [key.principal.as_str().into(), key.method.as_str().into(), key.key.as_str().into()];
        let row = db.reader().query_one_raw(statement(db.reader(), find, values)).await?;
        // A row that is gone was released or swept in between: the key is free again.
        if let Some(row) = row
            && let Some(outcome) = judge(&row, key, now)?
        {
            return Ok(Begin::Replay(outcome));
        }
    }
}

/// Frees the keys whose work died with the process that did it, and tells how many: nobody needs to wait for their
/// leases then. Only for a process that has the database to itself and has not begun to serve.
///
/// # Errors
/// Those of the database.
pub async fn free_abandoned(db: &Db) -> Result<u64, crate::Error> {
    let sql = "DELETE FROM idempotency_keys WHERE reply IS NULL AND error IS NULL";
    Ok(db.execute(statement(db.reader(), sql, [])).await?.rows_affected())
}

/// `None` when the row became free between the two statements.
fn judge(row: &QueryResult, key: &Key, now: Timestamp) -> Result<Option<Outcome>, Error> {
    let fingerprint: Vec<u8> = row.try_get_by_index(0)?;
    if fingerprint != key.fingerprint {
        return Err(Error::Reused);
    }
    let (reply, error): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    match (reply, error) {
        (Some(reply), _) => Ok(Some(Outcome::Reply(reply.into()))),
        (None, Some(error)) => Ok(Some(Outcome::Error(error.into()))),
        (None, None) if row.try_get_by_index::<i64>(3)? > now.micros() => {
            Err(Error::InFlight { retry_after: RETRY_AFTER })
        }
        (None, None) => Ok(None),
    }
}

impl Claim {
    /// Stores the outcome, within the transaction of the work.
    ///
    /// # Errors
    /// [`Error::Lost`] when another request took over: let it fail the transaction.
    pub async fn complete(&self, tx: &Tx, outcome: &Outcome) -> Result<(), Error> {
        let (reply, error) = match outcome {
            Outcome::Reply(bytes) => (Some(bytes.to_vec()), None),
            Outcome::Error(bytes) => (None, Some(bytes.to_vec())),
        };
        let sql = "UPDATE idempotency_keys SET reply = $5, error = $6, expires_at = $7 \
                   WHERE principal = $1 AND method = $2 AND key = $3 AND claim = $4";
        let [principal, method, key, claim] = self.place();
        let values = [principal, method, key, claim, reply.into(), error.into(), (tx.now() + TTL).micros().into()];
        match tx.execute_raw(statement(tx, sql, values)).await?.rows_affected() {
            1 => Ok(()),
            _ => Err(Error::Lost),
        }
    }

    /// Stores an error that the same request would meet again, after the transaction of the work was rolled back.
    ///
    /// # Errors
    /// [`Error::Lost`] when another request took over, and those of the database.
    pub async fn fail(self, db: &Db, status: Bytes) -> Result<(), Error> {
        let outcome = Outcome::Error(status);
        db.write(|tx| Box::pin(self.complete(tx, &outcome))).await
    }

    /// Frees the key when nothing final happened, so that the client may try again at once.
    ///
    /// # Errors
    /// Those of the database; then the key is free when the lease runs out.
    pub async fn release(self, db: &Db) -> Result<(), Error> {
        let sql = "DELETE FROM idempotency_keys WHERE principal = $1 AND method = $2 AND key = $3 AND claim = $4 \
                   AND reply IS NULL AND error IS NULL";
        db.execute(statement(db.reader(), sql, self.place())).await?;
        Ok(())
    }

    /// The key that is claimed.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> [sea_orm::Value; 4] {
        let Key { principal, method, key, .. } = &self.key;
        [principal.as_str().into(), method.as_str().into(), key.as_str().into(), self.token.as_str().into()]
    }
}
