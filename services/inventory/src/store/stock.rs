//! The table `stock`: one row for each SKU that was ever for sale.

use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    entity::prelude::*,
    sea_query::{ExprTrait, OnConflict},
};

use crate::Error;

/// One SKU.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stock")]
pub(crate) struct Model {
    /// Stock keeping unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sku: String,
    /// The product that it is a variant of.
    pub product_id: String,
    /// The account that sells it; empty for the marketplace's own.
    pub seller_id: String,
    /// What lies on the shelf.
    pub on_hand: i64,
    /// What is held for orders.
    pub reserved: i64,
    /// Somebody adjusted it at least once.
    pub touched: bool,
    /// When it last changed, in microseconds.
    pub updated_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A SKU as the catalog knows it.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) sku: String,
    pub(crate) product_id: String,
    pub(crate) seller_id: String,
}

pub(crate) async fn find(connection: &impl ConnectionTrait, sku: &str) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(sku).one(connection).await?)
}

pub(crate) async fn find_all(connection: &impl ConnectionTrait, skus: &[String]) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().filter(Column::Sku.is_in(skus)).all(connection).await?)
}

/// Reads rows that are about to be changed, in the order of their SKUs so that no two transactions wait crosswise.
pub(crate) async fn lock_all(tx: &impl ConnectionTrait, skus: &[String]) -> Result<Vec<Model>, Error> {
    use sea_orm::QueryOrder;
    Ok(Entity::find().filter(Column::Sku.is_in(skus)).order_by_asc(Column::Sku).lock_exclusive().all(tx).await?)
}

/// Makes SKUs known, or tells who sells them now. Counters are left alone.
pub(crate) async fn list(tx: &impl ConnectionTrait, listings: Vec<Listing>, now: Timestamp) -> Result<(), Error> {
    if listings.is_empty() {
        return Ok(());
    }
    let rows = listings.into_iter().map(|listing| ActiveModel {
        sku: Set(listing.sku),
        product_id: Set(listing.product_id),
        seller_id: Set(listing.seller_id),
        on_hand: Set(0),
        reserved: Set(0),
        touched: Set(false),
        updated_at: Set(now.micros()),
    });
    let known = OnConflict::column(Column::Sku).update_columns([Column::ProductId, Column::SellerId]).to_owned();
    Entity::insert_many(rows).on_conflict(known).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes what is on hand of rows read by [`lock_all`] in the same transaction.
pub(crate) async fn set_on_hand(tx: &impl ConnectionTrait, rows: &[Model]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let changed =
        OnConflict::column(Column::Sku).update_columns([Column::OnHand, Column::Touched, Column::UpdatedAt]).to_owned();
    let rows = rows.iter().cloned().map(|row| ActiveModel {
        sku: Set(row.sku),
        product_id: Set(row.product_id),
        seller_id: Set(row.seller_id),
        on_hand: Set(row.on_hand),
        reserved: Set(row.reserved),
        touched: Set(row.touched),
        updated_at: Set(row.updated_at),
    });
    Entity::insert_many(rows).on_conflict(changed).exec_without_returning(tx).await?;
    Ok(())
}

/// Holds `quantity` if so many are available. The one place where stock is promised: the condition and the change
/// are one statement, so no two orders are promised the same unit.
pub(crate) async fn reserve(
    tx: &impl ConnectionTrait,
    sku: &str,
    quantity: i64,
    now: Timestamp,
) -> Result<bool, Error> {
    let available = ExprTrait::sub(Expr::col(Column::OnHand), Expr::col(Column::Reserved));
    let update = Entity::update_many()
        .col_expr(Column::Reserved, ExprTrait::add(Expr::col(Column::Reserved), quantity))
        .col_expr(Column::UpdatedAt, Expr::val(now.micros()))
        .filter(Column::Sku.eq(sku))
        .filter(available.gte(quantity));
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// Changes both counters by what a movement says.
pub(crate) async fn shift(
    tx: &impl ConnectionTrait,
    sku: &str,
    (on_hand, reserved): (i64, i64),
    now: Timestamp,
) -> Result<(), Error> {
    let update = Entity::update_many()
        .col_expr(Column::OnHand, ExprTrait::add(Expr::col(Column::OnHand), on_hand))
        .col_expr(Column::Reserved, ExprTrait::add(Expr::col(Column::Reserved), reserved))
        .col_expr(Column::UpdatedAt, Expr::val(now.micros()))
        .filter(Column::Sku.eq(sku));
    match update.exec(tx).await?.rows_affected {
        1 => Ok(()),
        _ => Err(DbErr::RecordNotUpdated.into()),
    }
}
