//! Creating an account.

use db::Tx;
use ultramarket_api::identity::events::v1::AccountRegistered;

use super::{Identity, Registration};
use crate::{
    Error,
    domain::account::{Account, AccountId, Email, Roles},
    metrics::REGISTRATIONS,
    store::accounts,
};

impl Identity {
    pub(crate) async fn register(&self, new: Registration) -> Result<Account, Error> {
        self.refuse_common("password", &new.password, &new.email, &new.display_name)?;
        // Before a hash is paid for; the unique index decides in the end.
        if accounts::find_by_email(self.db.reader(), &new.email).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let hash = &self.hasher.hash(&new.password).await?;
        let roles = &Roles::customer();
        let (email, name) = (&new.email, &new.display_name);
        let account = self.db.write(|tx| Box::pin(create(tx, email, name, roles, hash))).await?;
        metrics::counter!(REGISTRATIONS).increment(1);
        tracing::info!(account.id = %account.id, "account registered");
        Ok(account)
    }
}

/// Stores a new account and tells the others.
pub(crate) async fn create(
    tx: &Tx,
    email: &Email,
    display_name: &str,
    roles: &Roles,
    password_hash: &str,
) -> Result<Account, Error> {
    let account = Account {
        id: AccountId::generate(tx.ids()),
        email: email.clone(),
        display_name: display_name.to_owned(),
        roles: roles.clone(),
        disabled: false,
        created_at: tx.now(),
    };
    accounts::insert(tx, &account, password_hash).await?;
    let event = AccountRegistered {
        account_id: account.id.to_string(),
        email: account.email.written().to_owned(),
        display_name: account.display_name.clone(),
    };
    tx.emit(&event.account_id, &event).await?;
    Ok(account)
}
