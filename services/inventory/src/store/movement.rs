//! The table `movements`: the ledger. Rows are only ever added.

use kernel::{Ids, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use crate::{Error, domain::MovementKind};

/// One movement of one SKU.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "movements")]
pub(crate) struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The SKU.
    pub sku: String,
    /// A [`MovementKind`].
    pub kind: i16,
    /// The change of what is on hand.
    pub on_hand_delta: i64,
    /// The change of what is reserved.
    pub reserved_delta: i64,
    /// The order it was for; empty for none.
    pub order_id: String,
    /// In the words of who adjusted.
    pub reason: String,
    /// When, in microseconds.
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A movement to be written.
#[derive(Clone, Debug)]
pub(crate) struct New<'a> {
    pub(crate) sku: &'a str,
    pub(crate) kind: MovementKind,
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) order_id: &'a str,
    pub(crate) reason: &'a str,
}

pub(crate) async fn insert(
    tx: &impl ConnectionTrait,
    ids: &dyn Ids,
    now: Timestamp,
    movements: impl IntoIterator<Item = New<'_>> + Send,
) -> Result<(), Error> {
    let rows: Vec<ActiveModel> = movements
        .into_iter()
        .map(|movement| ActiveModel {
            id: Set(ids.uuid().to_string()),
            sku: Set(movement.sku.to_owned()),
            kind: Set(movement.kind as i16),
            on_hand_delta: Set(movement.on_hand),
            reserved_delta: Set(movement.reserved),
            order_id: Set(movement.order_id.to_owned()),
            reason: Set(movement.reason.to_owned()),
            created_at: Set(now.micros()),
        })
        .collect();
    if !rows.is_empty() {
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// A page of a SKU's movements, newest first, after the one with the id `after`.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    sku: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Model>, Error> {
    // UUIDv7 ids of one process sort by time; across replicas the order within a millisecond does not matter.
    let mut rows = Entity::find().filter(Column::Sku.eq(sku)).order_by_desc(Column::Id).limit(u64::from(limit));
    if let Some(after) = after {
        rows = rows.filter(Column::Id.lt(after));
    }
    Ok(rows.all(connection).await?)
}
