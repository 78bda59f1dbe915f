//! New passwords: with the old one as proof, or with a link from a mail.

use std::sync::Arc;

use db::Tx;
use kernel::{random_token, sha256_hex};
use secrecy::{ExposeSecret, SecretString};
use ultramarket_api::identity::events::v1::PasswordResetRequested;

use super::{Decided, Identity, sign_in::Proof};
use crate::{
    Error,
    domain::account::{Account, AccountId, Email},
    store::{
        accounts, failures, resets,
        sessions::{self, Owned, Reason},
    },
};

impl Identity {
    pub(crate) async fn change_password(
        &self,
        caller: &Owned,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<(), Error> {
        let email = &caller.account.email;
        self.refuse_common("newPassword", new, email, &caller.account.display_name)?;
        // Whoever stole an access token shall not guess the password with it.
        self.refuse_locked(failures::find(self.db.reader(), email).await?)?;
        let stored = accounts::find(self.db.reader(), caller.account.id).await?;
        let proof = &self.prove(current, stored.as_ref()).await?;
        let hash = &match proof {
            Some(_) => self.hasher.hash(new).await?,
            None => String::new(),
        };
        self.db.write(|tx| Box::pin(self.replace_password(tx, caller, proof.as_ref(), hash))).await??;
        tracing::info!(account.id = %caller.account.id, "password changed");
        Ok(())
    }

    async fn replace_password(&self, tx: &Tx, caller: &Owned, proof: Option<&Proof>, hash: &str) -> Decided<()> {
        let account = match self.accept(tx, &caller.account.email, proof).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal)),
        };
        accounts::set_password(tx, account.id, hash).await?;
        resets::remove(tx, account.id).await?;
        sessions::end_all(tx, account.id, Some(caller.session.id), Reason::PasswordChanged).await?;
        Ok(Ok(()))
    }

    /// Mails a link, if the address is that of an account. The link is made after the answer was given, so that
    /// neither the answer nor the time it takes tells whether there is one.
    pub(crate) async fn request_reset(self: &Arc<Self>, email: &Email) -> Result<(), Error> {
        let known = accounts::find_by_email(self.db.reader(), email).await?;
        let Some(stored) = known.filter(|stored| !stored.account.disabled) else { return Ok(()) };
        let identity = Arc::clone(self);
        let issue = async move {
            if let Err(error) = identity.issue_reset(&stored.account).await {
                tracing::warn!(account.id = %stored.account.id, error = %error, "mailing a reset link failed");
            }
        };
        drop(self.tasks.spawn("password reset", issue));
        Ok(())
    }

    async fn issue_reset(&self, account: &Account) -> Result<(), Error> {
        let last = resets::last(self.db.reader(), account.id).await?;
        if last.is_some_and(|last| self.now().since(last) < self.config.reset_pause()) {
            return Ok(());
        }
        self.db.write(|tx| Box::pin(self.store_reset(tx, account))).await
    }

    async fn store_reset(&self, tx: &Tx, account: &Account) -> Result<(), Error> {
        let token = random_token();
        let expires_at = tx.now() + self.config.reset_lifetime();
        resets::replace(tx, account.id, &sha256_hex(token.as_bytes()), expires_at).await?;
        let event = PasswordResetRequested {
            account_id: account.id.to_string(),
            email: account.email.written().to_owned(),
            token,
            expire_time: Some(service_kit::wire::timestamp(expires_at)),
        };
        Ok(tx.emit(&event.account_id, &event).await?)
    }

    pub(crate) async fn confirm_reset(&self, token: &SecretString, new: &SecretString) -> Result<(), Error> {
        let digest = &sha256_hex(token.expose_secret().as_bytes());
        let account = resets::find(self.db.reader(), digest, self.now()).await?;
        let account = account.filter(|account| !account.disabled).ok_or(Error::InvalidResetToken)?;
        self.refuse_common("newPassword", new, &account.email, &account.display_name)?;
        let hash = &self.hasher.hash(new).await?;
        self.db.write(|tx| Box::pin(reset(tx, account.id, &account.email, digest, hash))).await?;
        tracing::info!(account.id = %account.id, "password reset");
        Ok(())
    }
}

async fn reset(tx: &Tx, account: AccountId, email: &Email, digest: &str, hash: &str) -> Result<(), Error> {
    if !resets::take(tx, digest).await? {
        return Err(Error::InvalidResetToken);
    }
    accounts::set_password(tx, account, hash).await?;
    failures::clear(tx, email).await?;
    sessions::end_all(tx, account, None, Reason::PasswordChanged).await?;
    Ok(())
}
