//! What administrators do with accounts.

use db::Tx;
use kernel::{PageSize, Timestamp};
use ultramarket_api::identity::events::v1::AccountDisabled;

use super::Identity;
use crate::{
    Error,
    domain::account::{Account, AccountId, Email, Role, Roles},
    store::{
        accounts::{self, Position},
        resets,
        sessions::{self, Reason},
    },
};

impl Identity {
    /// A page of accounts, and the token of the next one if there is one. `scope` is whose list it is.
    pub(crate) async fn list_accounts(
        &self,
        email: Option<&Email>,
        size: PageSize,
        token: &str,
        scope: &[&str],
    ) -> Result<(Vec<Account>, String), Error> {
        let after = self.pages.decode(scope, token)?.as_deref().map(parse_position).transpose()?;
        let limit = u64::from(size.get());
        let mut page = accounts::list(self.db.reader(), email, after.as_ref(), limit + 1).await?;
        let more = page.len() as u64 > limit;
        page.truncate(size.get() as usize);
        let next = page.last().filter(|_| more).map(|last| {
            let position = format!("{} {}", last.created_at.micros(), last.id);
            self.pages.encode(scope, &position)
        });
        Ok((page, next.unwrap_or_default()))
    }

    pub(crate) async fn account(&self, id: AccountId) -> Result<Account, Error> {
        existing(accounts::find(self.db.reader(), id).await?, id)
    }

    pub(crate) async fn set_roles(&self, id: AccountId, roles: &Roles) -> Result<Account, Error> {
        self.db.write(|tx| Box::pin(replace_roles(tx, id, roles))).await
    }

    pub(crate) async fn disable(&self, id: AccountId) -> Result<Account, Error> {
        self.db.write(|tx| Box::pin(disable(tx, id))).await
    }
}

/// Adds a role. The sessions go on, and get it with their next access token.
pub(crate) async fn add_role(tx: &Tx, id: AccountId, role: Role) -> Result<(), Error> {
    let mut account = existing(accounts::find(tx, id).await?, id)?;
    if account.roles.add(role) {
        accounts::set_roles(tx, id, &account.roles).await?;
    }
    Ok(())
}

async fn replace_roles(tx: &Tx, id: AccountId, roles: &Roles) -> Result<Account, Error> {
    let account = existing(accounts::find(tx, id).await?, id)?;
    if account.roles == *roles {
        return Ok(account);
    }
    if !roles.has(Role::Admin) {
        refuse_last_administrator(tx, &account).await?;
    }
    accounts::set_roles(tx, id, roles).await?;
    sessions::end_all(tx, id, None, Reason::RolesChanged).await?;
    Ok(Account { roles: roles.clone(), ..account })
}

async fn disable(tx: &Tx, id: AccountId) -> Result<Account, Error> {
    let account = existing(accounts::find(tx, id).await?, id)?;
    if account.disabled {
        return Ok(account);
    }
    refuse_last_administrator(tx, &account).await?;
    accounts::disable(tx, id).await?;
    sessions::end_all(tx, id, None, Reason::AccountDisabled).await?;
    resets::remove(tx, id).await?;
    let event = AccountDisabled { account_id: id.to_string() };
    tx.emit(&event.account_id, &event).await?;
    Ok(Account { disabled: true, ..account })
}

async fn refuse_last_administrator(tx: &Tx, account: &Account) -> Result<(), Error> {
    let is_one = account.roles.has(Role::Admin) && !account.disabled;
    if is_one && !accounts::has_administrator(tx, Some(account.id)).await? {
        return Err(Error::LastAdministrator);
    }
    Ok(())
}

fn existing(found: Option<accounts::Stored>, id: AccountId) -> Result<Account, Error> {
    found.map(|stored| stored.account).ok_or_else(|| Error::AccountNotFound { account_id: id.to_string() })
}

/// A position that we signed, so it is one.
fn parse_position(text: &str) -> Result<Position, kernel::PageError> {
    let parse = || {
        let (created_at, id) = text.split_once(' ')?;
        Some(Position { created_at: Timestamp::from_micros(created_at.parse().ok()?), id: id.parse().ok()? })
    };
    parse().ok_or(kernel::PageError::InvalidToken)
}
