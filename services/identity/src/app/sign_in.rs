//! Proving a password, and beginning a session with it.
//!
//! An address that nobody has is treated in every step like one with a wrong password: the same reads, a hash, a
//! counted failure, a lock. What a password turned out to be is told only after the failures were read again in the
//! transaction that counts them, so a thousand guesses at once get no more answers than as many in a row.

use db::Tx;
use kernel::{random_token, sha256_hex};
use secrecy::SecretString;

use super::{Decided, Grant, Identity, SignIn, Tokens};
use crate::{
    Error,
    domain::{
        account::{Account, AccountId, Email},
        lockout::Failures,
        session::{Session, SessionId},
    },
    hasher::Verified,
    metrics::SIGN_INS,
    store::{accounts, failures, sessions, tokens},
};

/// A password was right for the hash that an account had.
pub(super) struct Proof {
    account: AccountId,
    hash: String,
    /// The hash at today's cost, if that was another.
    renewed: Option<String>,
}

impl Identity {
    pub(crate) async fn sign_in(&self, attempt: SignIn) -> Result<Tokens, Error> {
        let result = self.begin_session(&attempt).await;
        let label = match &result {
            Ok(_) => "ok",
            Err(Error::AccountLocked { .. }) => "locked",
            Err(Error::AccountDisabled) => "disabled",
            Err(Error::InvalidCredentials) => "wrong",
            Err(_) => "failed",
        };
        metrics::counter!(SIGN_INS, "result" => label).increment(1);
        self.tokens(result?).await
    }

    async fn begin_session(&self, attempt: &SignIn) -> Result<Grant, Error> {
        self.refuse_locked(failures::find(self.db.reader(), &attempt.email).await?)?;
        let known = accounts::find_by_email(self.db.reader(), &attempt.email).await?;
        let proof = &self.prove(&attempt.password, known.as_ref()).await?;
        self.db.write(|tx| Box::pin(self.conclude(tx, attempt, proof.as_ref()))).await?
    }

    /// Whether the password is that of the account.
    pub(super) async fn prove(
        &self,
        password: &SecretString,
        known: Option<&accounts::Stored>,
    ) -> Result<Option<Proof>, Error> {
        let hash = known.map(|stored| stored.password_hash.as_str());
        let verified = self.hasher.verify(password, hash).await?;
        let Some(stored) = known.filter(|_| verified != Verified::No) else { return Ok(None) };
        let renewed = match verified {
            Verified::Outdated => Some(self.hasher.hash(password).await?),
            Verified::No | Verified::Yes => None,
        };
        Ok(Some(Proof { account: stored.account.id, hash: stored.password_hash.clone(), renewed }))
    }

    /// Refuses while a lock holds.
    pub(super) fn refuse_locked(&self, failures: Option<Failures>) -> Result<(), Error> {
        match failures.and_then(|failures| failures.locked_for(self.now())) {
            Some(retry_after) => Err(Error::AccountLocked { retry_after }),
            None => Ok(()),
        }
    }

    /// The account of a proof that still holds; a proof that does not, or none, counts as a failure.
    pub(super) async fn accept(&self, tx: &Tx, email: &Email, proof: Option<&Proof>) -> Decided<Account> {
        let before = failures::find(tx, email).await?;
        if let Err(locked) = self.refuse_locked(before) {
            return Ok(Err(locked));
        }
        let Some(proof) = proof else {
            let after = self.lockout().fail(before, tx.now());
            failures::save(tx, email, &after).await?;
            if after.locked_until.is_some() {
                tracing::warn!(target: "security", event = "sign_in_locked", failures = after.count, "address locked");
            }
            return Ok(Err(Error::InvalidCredentials));
        };
        // The password may have been changed while it was verified.
        let stored = accounts::find(tx, proof.account).await?.filter(|stored| stored.password_hash == proof.hash);
        let Some(stored) = stored else { return Ok(Err(Error::InvalidCredentials)) };
        if stored.account.disabled {
            return Ok(Err(Error::AccountDisabled));
        }
        if before.is_some() {
            failures::clear(tx, email).await?;
        }
        Ok(Ok(stored.account))
    }

    async fn conclude(&self, tx: &Tx, attempt: &SignIn, proof: Option<&Proof>) -> Decided<Grant> {
        let account = match self.accept(tx, &attempt.email, proof).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(renewed) = proof.and_then(|proof| proof.renewed.as_deref()) {
            accounts::set_password(tx, account.id, renewed).await?;
        }
        let session = Session {
            id: SessionId::generate(tx.ids()),
            device: attempt.device.clone(),
            created_at: tx.now(),
            last_used_at: tx.now(),
            expires_at: tx.now() + self.lifetimes().max,
            ended: false,
        };
        let keep = u64::from(self.config.sessions_per_account) - 1;
        sessions::end_surplus(tx, account.id, keep, &self.lifetimes()).await?;
        sessions::insert(tx, account.id, &session).await?;
        let refresh_token = random_token();
        tokens::insert(tx, &sha256_hex(refresh_token.as_bytes()), session.id).await?;
        Ok(Ok(Grant { account, session, refresh_token }))
    }
}
