//! Accounts.

use db::{OnUnique, Tx, Unique};
use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::{
    entity::account::{ActiveModel, Column, Entity, Model},
    read, time,
};
use crate::{
    Error,
    domain::account::{Account, AccountId, Email, Role, Roles},
};

const EMAIL: Unique = Unique { name: "accounts_email_key", table: "accounts", columns: &["email_key"] };

/// An account, and the hash of its password.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) account: Account,
    pub(crate) password_hash: String,
}

/// Where a page of accounts begins: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) created_at: Timestamp,
    pub(crate) id: AccountId,
}

impl TryFrom<Model> for Stored {
    type Error = db::Error;

    fn try_from(row: Model) -> Result<Self, db::Error> {
        let account = Account {
            id: read("an account id", &row.id)?,
            email: Email::new(&row.email),
            display_name: row.display_name,
            roles: read("the roles of an account", &row.roles)?,
            disabled: row.disabled_at.is_some(),
            created_at: time(row.created_at),
        };
        Ok(Self { account, password_hash: row.password_hash })
    }
}

/// Fails with [`Error::EmailTaken`] if another account has the address.
pub(crate) async fn insert(tx: &Tx, account: &Account, password_hash: &str) -> Result<(), Error> {
    let row = ActiveModel {
        id: Set(account.id.to_string()),
        email: Set(account.email.written().to_owned()),
        email_key: Set(account.email.key().to_owned()),
        display_name: Set(account.display_name.clone()),
        password_hash: Set(password_hash.to_owned()),
        roles: Set(account.roles.to_string()),
        disabled_at: Set(None),
        created_at: Set(account.created_at.micros()),
    };
    Entity::insert(row).exec_without_returning(tx).await.on_unique(&EMAIL, || Error::EmailTaken)?;
    Ok(())
}

pub(crate) async fn find(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<Stored>, db::Error> {
    Entity::find_by_id(id.to_string()).one(db).await?.map(Stored::try_from).transpose()
}

pub(crate) async fn find_by_email(db: &impl ConnectionTrait, email: &Email) -> Result<Option<Stored>, db::Error> {
    Entity::find().filter(Column::EmailKey.eq(email.key())).one(db).await?.map(Stored::try_from).transpose()
}

/// Newest first.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    email: Option<&Email>,
    after: Option<&Position>,
    limit: u64,
) -> Result<Vec<Account>, db::Error> {
    let mut query = Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(limit);
    if let Some(email) = email {
        query = query.filter(Column::EmailKey.eq(email.key()));
    }
    if let Some(after) = after {
        let older = Column::CreatedAt.lt(after.created_at.micros());
        let same = Column::CreatedAt.eq(after.created_at.micros()).and(Column::Id.lt(after.id.to_string()));
        query = query.filter(Condition::any().add(older).add(same));
    }
    let rows = query.all(db).await?;
    rows.into_iter().map(|row| Stored::try_from(row).map(|stored| stored.account)).collect()
}

pub(crate) async fn set_password(tx: &Tx, id: AccountId, hash: &str) -> Result<(), db::Error> {
    let update = Entity::update_many().col_expr(Column::PasswordHash, Expr::value(hash));
    update.filter(Column::Id.eq(id.to_string())).exec(tx).await?;
    Ok(())
}

pub(crate) async fn set_roles(tx: &Tx, id: AccountId, roles: &Roles) -> Result<(), db::Error> {
    let update = Entity::update_many().col_expr(Column::Roles, Expr::value(roles.to_string()));
    update.filter(Column::Id.eq(id.to_string())).exec(tx).await?;
    Ok(())
}

pub(crate) async fn disable(tx: &Tx, id: AccountId) -> Result<(), db::Error> {
    let update = Entity::update_many().col_expr(Column::DisabledAt, Expr::value(tx.now().micros()));
    update.filter(Column::Id.eq(id.to_string())).exec(tx).await?;
    Ok(())
}

/// Whether anybody but `except` is an administrator who can sign in.
pub(crate) async fn has_administrator(db: &impl ConnectionTrait, except: Option<AccountId>) -> Result<bool, db::Error> {
    let roles = Roles::all_with(Role::Admin).into_iter().map(|roles| roles.to_string());
    let mut query = Entity::find().filter(Column::Roles.is_in(roles)).filter(Column::DisabledAt.is_null()).limit(1);
    if let Some(except) = except {
        query = query.filter(Column::Id.ne(except.to_string()));
    }
    Ok(query.one(db).await?.is_some())
}
