//! Links to set a new password.

use db::Tx;
use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use super::{
    accounts::Stored,
    batch,
    entity::{
        account,
        password_reset::{ActiveModel, Column, Entity},
    },
    time,
};
use crate::domain::account::{Account, AccountId};

/// When the last link was made for an account, if it has one.
pub(crate) async fn last(db: &impl ConnectionTrait, account: AccountId) -> Result<Option<Timestamp>, db::Error> {
    Ok(Entity::find_by_id(account.to_string()).one(db).await?.map(|row| time(row.created_at)))
}

/// Makes a link for an account. The one before stops working.
pub(crate) async fn replace(tx: &Tx, account: AccountId, digest: &str, expires_at: Timestamp) -> Result<(), db::Error> {
    let row = ActiveModel {
        account_id: Set(account.to_string()),
        digest: Set(digest.to_owned()),
        created_at: Set(tx.now().micros()),
        expires_at: Set(expires_at.micros()),
    };
    let replace = OnConflict::column(Column::AccountId)
        .update_columns([Column::Digest, Column::CreatedAt, Column::ExpiresAt])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

/// The account of a link that still works.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    digest: &str,
    now: Timestamp,
) -> Result<Option<Account>, db::Error> {
    let query = Entity::find().filter(Column::Digest.eq(digest)).filter(Column::ExpiresAt.gt(now.micros()));
    let Some((_, Some(account))) = query.find_also_related(account::Entity).one(db).await? else { return Ok(None) };
    Ok(Some(Stored::try_from(account)?.account))
}

/// Uses a link up, and tells whether it was there: of two at once, one finds it gone.
pub(crate) async fn take(tx: &Tx, digest: &str) -> Result<bool, db::Error> {
    Ok(Entity::delete_many().filter(Column::Digest.eq(digest)).exec(tx).await?.rows_affected == 1)
}

/// Removes the link of an account, if it has one.
pub(crate) async fn remove(tx: &Tx, account: AccountId) -> Result<(), db::Error> {
    Entity::delete_by_id(account.to_string()).exec(tx).await?;
    Ok(())
}

/// Forgets links that do not work any more. Tells how many.
pub(crate) async fn sweep(tx: &Tx) -> Result<u64, db::Error> {
    let expired = Expr::col(Column::ExpiresAt).lte(tx.now().micros());
    let some = batch().column(Column::AccountId).from(Entity).and_where(expired).take();
    Ok(Entity::delete_many().filter(Column::AccountId.in_subquery(some)).exec(tx).await?.rows_affected)
}
