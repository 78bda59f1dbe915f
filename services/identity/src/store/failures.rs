//! Failed attempts to sign in, by address.

use db::Tx;
use kernel::{Timestamp, sha256_hex};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use super::{
    batch,
    entity::sign_in_failure::{ActiveModel, Column, Entity},
    time,
};
use crate::domain::{account::Email, lockout::Failures};

fn digest(email: &Email) -> String {
    sha256_hex(email.key().as_bytes())
}

pub(crate) async fn find(db: &impl ConnectionTrait, email: &Email) -> Result<Option<Failures>, db::Error> {
    let row = Entity::find_by_id(digest(email)).one(db).await?;
    Ok(row.map(|row| Failures {
        count: row.failures.unsigned_abs(),
        last_at: time(row.last_at),
        locked_until: row.locked_until.map(time),
    }))
}

pub(crate) async fn save(tx: &Tx, email: &Email, failures: &Failures) -> Result<(), db::Error> {
    let row = ActiveModel {
        email_digest: Set(digest(email)),
        failures: Set(i32::try_from(failures.count).unwrap_or(i32::MAX)),
        last_at: Set(failures.last_at.micros()),
        locked_until: Set(failures.locked_until.map(Timestamp::micros)),
    };
    let replace = OnConflict::column(Column::EmailDigest)
        .update_columns([Column::Failures, Column::LastAt, Column::LockedUntil])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

pub(crate) async fn clear(tx: &Tx, email: &Email) -> Result<(), db::Error> {
    Entity::delete_by_id(digest(email)).exec(tx).await?;
    Ok(())
}

/// Forgets failures before `before`. Tells how many.
pub(crate) async fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, db::Error> {
    let old = Expr::col(Column::LastAt).lt(before.micros());
    let some = batch().column(Column::EmailDigest).from(Entity).and_where(old).take();
    Ok(Entity::delete_many().filter(Column::EmailDigest.in_subquery(some)).exec(tx).await?.rows_affected)
}
