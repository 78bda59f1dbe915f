//! Exchanging a refresh token.

use db::Tx;
use kernel::{random_token, sha256_hex};
use secrecy::{ExposeSecret, SecretString};

use super::{Decided, Grant, Identity, Tokens};
use crate::{
    Error,
    domain::session::{Use, Verdict, judge},
    metrics::REUSES,
    store::{
        sessions::{self, Owned, Reason},
        tokens::{self, Token},
    },
};

impl Identity {
    pub(crate) async fn refresh(&self, presented: &SecretString) -> Result<Tokens, Error> {
        let digest = &sha256_hex(presented.expose_secret().as_bytes());
        // Made-up tokens shall not queue for the right to write.
        if tokens::find(self.db.reader(), digest).await?.is_none() {
            return Err(Error::InvalidRefreshToken);
        }
        let grant = self.db.write(|tx| Box::pin(self.exchange(tx, digest))).await??;
        self.tokens(grant).await
    }

    async fn exchange(&self, tx: &Tx, digest: &str) -> Decided<Grant> {
        let Some(token) = tokens::find(tx, digest).await? else { return Ok(Err(Error::InvalidRefreshToken)) };
        let owned = sessions::find(tx, token.session).await?;
        let usable = |owned: &Owned| owned.session.is_live(tx.now(), &self.lifetimes()) && !owned.account.disabled;
        let Some(owned) = owned.filter(usable) else { return Ok(Err(Error::InvalidRefreshToken)) };
        let refresh_token = random_token();
        let successor = sha256_hex(refresh_token.as_bytes());
        if !self.replace(tx, digest, &token, &successor).await? {
            end_reused(tx, &owned).await?;
            return Ok(Err(Error::InvalidRefreshToken));
        }
        tokens::insert(tx, &successor, token.session).await?;
        sessions::touch(tx, token.session).await?;
        Ok(Ok(Grant { account: owned.account, session: owned.session, refresh_token }))
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

async fn end_reused(tx: &Tx, owned: &Owned) -> Result<(), Error> {
    sessions::end_one(tx, owned.session.id, Reason::TokenReused).await?;
    metrics::counter!(REUSES).increment(1);
    let (account, session) = (owned.account.id, owned.session.id);
    tracing::warn!(target: "security", event = "refresh_token_reused", account.id = %account, session.id = %session, "session ended");
    Ok(())
}
