//! Reading and writing single orders.

use std::collections::HashMap;

use db::{OnUnique, Unique};
use kernel::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{
    item,
    order::{self, Column, Entity},
};
use crate::{
    Error,
    domain::{
        order::{CartVersion, Line, Order, OrderId},
        saga::Lifecycle,
    },
};

const ONE_PER_CART: Unique = Unique { name: "orders_of_cart", table: "orders", columns: &["cart_id", "cart_version"] };
/// Two orders have, by chance, the same number for people.
pub(crate) const NUMBER: Unique = Unique { name: "orders_number", table: "orders", columns: &["number"] };

/// The lifecycles in which an order keeps others from being made from its cart.
const OCCUPYING: [&str; 3] = [Lifecycle::Pending.name(), Lifecycle::Confirmed.name(), Lifecycle::Completed.name()];

/// Writes an order that is new.
pub(crate) async fn insert(tx: &impl ConnectionTrait, order: &Order, lines: &[Line]) -> Result<(), Error> {
    let ordered = || Error::CartAlreadyOrdered { order_id: None };
    Entity::insert(order::row(order)?).exec_without_returning(tx).await.on_unique(&ONE_PER_CART, ordered)?;
    let rows = (0..).zip(lines).map(|(position, line)| item::row(order.id, position, line));
    item::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// The order that occupies a cart.
pub(crate) async fn of_cart(db: &impl ConnectionTrait, cart: &CartVersion) -> Result<Option<String>, Error> {
    let found = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CartId.eq(&cart.id))
        .filter(Column::CartVersion.eq(cart.version))
        .filter(Column::Lifecycle.is_in(OCCUPYING));
    Ok(found.into_tuple().one(db).await?)
}

/// Reads an order.
pub(crate) async fn find(db: &impl ConnectionTrait, id: OrderId) -> Result<Option<Order>, Error> {
    let row = Entity::find_by_id(id.to_string()).one(db).await?;
    Ok(row.map(Order::try_from).transpose()?)
}

/// Reads the lines of an order.
pub(crate) async fn lines(db: &impl ConnectionTrait, order: &Order) -> Result<Vec<Line>, Error> {
    let mut lines = lines_of(db, std::slice::from_ref(order)).await?;
    Ok(lines.remove(&order.id).unwrap_or_default())
}

/// Reads the lines of orders.
pub(crate) async fn lines_of(
    db: &impl ConnectionTrait,
    orders: &[Order],
) -> Result<HashMap<OrderId, Vec<Line>>, Error> {
    let ids = orders.iter().map(|order| order.id.to_string());
    let rows = item::Entity::find()
        .filter(item::Column::OrderId.is_in(ids))
        .order_by_asc(item::Column::OrderId)
        .order_by_asc(item::Column::Position);
    let mut by_id: HashMap<String, Vec<item::Model>> = HashMap::with_capacity(orders.len());
    for row in rows.all(db).await? {
        by_id.entry(row.order_id.clone()).or_default().push(row);
    }
    let lines_of = |order: &Order| {
        let rows = by_id.remove(&order.id.to_string()).unwrap_or_default();
        (order.id, rows.into_iter().map(|row| row.into_line(order.total.currency)).collect())
    };
    Ok(orders.iter().map(lines_of).collect())
}

/// Writes `after` over `before`. When the row is not as it was read any more, the transaction is to be run again.
pub(crate) async fn update(tx: &impl ConnectionTrait, before: &Order, after: &Order) -> Result<(), Error> {
    let update = Entity::update_many()
        .set(order::changes(after)?)
        .filter(Column::Id.eq(after.id.to_string()))
        .filter(Column::Version.eq(before.version))
        .filter(Column::Asked.eq(i64::from(before.saga.asked)));
    match update.exec(tx).await?.rows_affected {
        1 => Ok(()),
        _ => Err(db::Error::Busy(DbErr::RecordNotUpdated).into()),
    }
}

/// Orders whose timers have gone, the most overdue first.
pub(crate) async fn due(db: &impl ConnectionTrait, now: Timestamp, limit: u64) -> Result<Vec<OrderId>, Error> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DueAt.lte(now.micros()))
        .order_by_asc(Column::DueAt)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    let parse = |id: &String| {
        id.parse().map_err(|source: kernel::ParseIdError| db::Error::Corrupt {
            what: "the id of an order",
            source: source.into(),
        })
    };
    Ok(ids.iter().map(parse).collect::<Result<_, db::Error>>()?)
}

/// When the next timer goes.
pub(crate) async fn next_due(db: &impl ConnectionTrait) -> Result<Option<Timestamp>, Error> {
    let next: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(Column::DueAt.min(), "next")
        .filter(Column::DueAt.is_not_null())
        .into_tuple()
        .one(db)
        .await?;
    Ok(next.flatten().map(Timestamp::from_micros))
}
