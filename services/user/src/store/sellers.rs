//! Sellers and applications.

use db::Tx;
use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::{
    entity::seller::{ActiveModel, Column, Entity, Model},
    read, time,
};
use crate::domain::{
    UserId,
    seller::{Seller, Status},
};

#[derive(Debug, thiserror::Error)]
#[error("unknown status {0:?}")]
struct UnknownStatus(String);

/// Where a page of sellers begins: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) applied_at: Timestamp,
    pub(crate) user: UserId,
}

pub(super) fn seller(row: Model) -> Result<Seller, db::Error> {
    let status = Status::named(&row.status).ok_or_else(|| db::Error::Corrupt {
        what: "the status of a seller",
        source: UnknownStatus(row.status.clone()).into(),
    })?;
    Ok(Seller {
        user: read("a user id", &row.user_id)?,
        shop_name: row.shop_name,
        status,
        applied_at: time(row.applied_at),
    })
}

pub(crate) async fn find(db: &impl ConnectionTrait, user: UserId) -> Result<Option<Seller>, db::Error> {
    Entity::find_by_id(user.to_string()).one(db).await?.map(seller).transpose()
}

/// Stores an application in the place of the one before.
pub(crate) async fn save(tx: &Tx, seller: &Seller) -> Result<(), db::Error> {
    let row = ActiveModel {
        user_id: Set(seller.user.to_string()),
        shop_name: Set(seller.shop_name.clone()),
        status: Set(seller.status.name().to_owned()),
        applied_at: Set(seller.applied_at.micros()),
        approved_at: Set(None),
    };
    let replace = OnConflict::column(Column::UserId).update_column(Column::ShopName).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

/// Approves an application that waits, and tells whether there was one: of two at once, one finds it approved.
pub(crate) async fn approve(tx: &Tx, user: UserId) -> Result<bool, db::Error> {
    let update = Entity::update_many()
        .col_expr(Column::Status, Expr::value(Status::Approved.name()))
        .col_expr(Column::ApprovedAt, Expr::value(tx.now().micros()))
        .filter(Column::UserId.eq(user.to_string()))
        .filter(Column::Status.eq(Status::Pending.name()));
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// Newest first.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    status: Option<Status>,
    after: Option<&Position>,
    limit: u64,
) -> Result<Vec<Seller>, db::Error> {
    let mut query = Entity::find().order_by_desc(Column::AppliedAt).order_by_desc(Column::UserId).limit(limit);
    if let Some(status) = status {
        query = query.filter(Column::Status.eq(status.name()));
    }
    if let Some(after) = after {
        let older = Column::AppliedAt.lt(after.applied_at.micros());
        let same = Column::AppliedAt.eq(after.applied_at.micros()).and(Column::UserId.lt(after.user.to_string()));
        query = query.filter(Condition::any().add(older).add(same));
    }
    query.all(db).await?.into_iter().map(seller).collect()
}
