//! Exchanging a refresh token.

use db::Tx;
use kernel::{random_token, sha256_hex};
use secrecy::{ExposeSecret, SecretString};

use super::{Grant, Identity, Tokens};
use crate::{
    Error,
    domain::{
        account::AccountId,
        session::{SessionId, Use, Verdict, judge},
    },
    metrics::REUSES,
    store::{
        sessions::{self, Owned, Reason},
        tokens::{self, Token},
    },
};

/// What became of an exchange, and of its session.
enum Exchanged {
    Granted(Box<Grant>),
    /// The token did not work.
    Refused,
    /// The token was used before, so its session has ended.
    Reused(AccountId, SessionId),
}

impl Identity {
    pub(crate) async fn refresh(&self, presented: &SecretString) -> Result<Tokens, Error> {
        let digest = &sha256_hex(presented.expose_secret().as_bytes());
        // Made-up tokens shall not queue for the right to write.
        if tokens::find(self.db.reader(), digest).await?.is_none() {
            return Err(Error::InvalidRefreshToken);
        }
        match self.db.write(|tx| Box::pin(self.exchange(tx, digest))).await? {
            Exchanged::Granted(grant) => self.tokens(*grant).await,
            Exchanged::Refused => Err(Error::InvalidRefreshToken),
            Exchanged::Reused(account, session) => {
                metrics::counter!(REUSES).increment(1);
                tracing::warn!(target: "security", event = "refresh_token_reused", account.id = %account, session.id = %session, "session ended");
                Err(Error::InvalidRefreshToken)
            }
        }
    }

    async fn exchange(&self, tx: &Tx, digest: &str) -> Result<Exchanged, Error> {
        let Some(token) = tokens::find(tx, digest).await? else { return Ok(Exchanged::Refused) };
        let owned = sessions::find(tx, token.session).await?;
        let usable = |owned: &Owned| owned.session.is_live(tx.now(), &self.lifetimes()) && !owned.account.disabled;
        let Some(Owned { session, account }) = owned.filter(usable) else { return Ok(Exchanged::Refused) };
        let refresh_token = random_token();
        let successor = sha256_hex(refresh_token.as_bytes());
        if !self.replace(tx, digest, &token, &successor).await? {
            sessions::end_one(tx, session.id, Reason::TokenReused).await?;
            return Ok(Exchanged::Reused(account.id, session.id));
        }
        tokens::insert(tx, &successor, session.id).await?;
        sessions::touch(tx, session.id).await?;
        Ok(Exchanged::Granted(Box::new(Grant { account, session, refresh_token })))
    }

    /// Lets `successor` take the place of the token; not if somebody else has used it.
    async fn replace(&self, tx: &Tx, digest: &str, token: &Token, successor: &str) -> Result<bool, Error> {
        let before = match &token.state {
            Use::Exchanged { successor, .. } => tokens::find(tx, successor).await?.map(|token| token.state),
            Use::Unused | Use::Void => None,
        };
        match judge(&token.state, before.as_ref(), tx.now(), &self.lifetimes()) {
            Verdict::Exchange => Ok(tokens::exchange(tx, digest, successor).await?),
            Verdict::ExchangeAgain { lost } => Ok(tokens::exchange_again(tx, digest, &lost, successor).await?),
            Verdict::Reuse => Ok(false),
        }
    }
}
