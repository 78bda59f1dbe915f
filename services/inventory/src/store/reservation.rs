//! The table `reservations`: what is held for which order.

use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use crate::{
    Error,
    domain::{Line, ReservationState},
};

/// So many of a SKU for an order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reservations")]
pub(crate) struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    /// The SKU.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// A [`ReservationState`].
    pub state: i16,
    /// Until when it is held, in microseconds.
    pub expires_at: i64,
    /// When it was made, in microseconds.
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn is(&self, state: ReservationState) -> bool {
        self.state == state as i16
    }
}

/// All reservations of an order, by SKU.
pub(crate) async fn of_order(tx: &impl ConnectionTrait, order_id: &str) -> Result<Vec<Model>, Error> {
    let rows = Entity::find().filter(Column::OrderId.eq(order_id)).order_by_asc(Column::Sku).lock_exclusive();
    Ok(rows.all(tx).await?)
}

pub(crate) async fn insert(
    tx: &impl ConnectionTrait,
    order_id: &str,
    lines: &[Line],
    expires: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let rows = lines.iter().map(|line| ActiveModel {
        order_id: Set(order_id.to_owned()),
        sku: Set(line.sku.clone()),
        quantity: Set(line.quantity),
        state: Set(ReservationState::Active as i16),
        expires_at: Set(expires.micros()),
        created_at: Set(now.micros()),
    });
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Moves all reservations of an order from one state to another and tells how many there were.
pub(crate) async fn flip(
    tx: &impl ConnectionTrait,
    order_id: &str,
    from: ReservationState,
    to: ReservationState,
) -> Result<u64, Error> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::val(to as i16))
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::State.eq(from as i16));
    Ok(update.exec(tx).await?.rows_affected)
}

/// Orders whose reservations have run out, a batch of them.
pub(crate) async fn expired(connection: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<String>, Error> {
    const BATCH: u64 = 100;
    let orders = Entity::find()
        .select_only()
        .column(Column::OrderId)
        .distinct()
        .filter(Column::State.eq(ReservationState::Active as i16))
        .filter(Column::ExpiresAt.lte(now.micros()))
        .limit(BATCH);
    Ok(orders.into_tuple().all(connection).await?)
}
