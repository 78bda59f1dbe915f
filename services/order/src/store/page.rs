//! Lists of orders, newest first.

use std::fmt;

use kernel::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::order::{Column, Entity};
use crate::{
    Error,
    domain::{
        order::{Order, OrderId},
        saga::Lifecycle,
    },
};

/// Which orders.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    /// Of this account; of all when `None`.
    pub(crate) account_id: Option<String>,
    /// Only those that are so far.
    pub(crate) lifecycle: Option<Lifecycle>,
}

/// Where a page ended. Prints as it parses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    placed_at: Timestamp,
    id: OrderId,
}

impl Position {
    pub(crate) fn of(order: &Order) -> Self {
        Self { placed_at: order.placed_at, id: order.id }
    }

    /// Reads a position out of a page token.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once(' ')?;
        Some(Self { placed_at: Timestamp::from_micros(micros.parse().ok()?), id: id.parse().ok()? })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.placed_at.micros(), self.id)
    }
}

/// At most `limit` orders after a position.
pub(crate) async fn read(
    db: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Order>, Error> {
    let mut rows = Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(limit);
    if let Some(account_id) = &filter.account_id {
        rows = rows.filter(Column::AccountId.eq(account_id));
    }
    if let Some(lifecycle) = filter.lifecycle {
        rows = rows.filter(Column::Lifecycle.eq(lifecycle.name()));
    }
    if let Some(Position { placed_at, id }) = after {
        let same_moment =
            Condition::all().add(Column::CreatedAt.eq(placed_at.micros())).add(Column::Id.lt(id.to_string()));
        // The first condition lets the index find the place.
        rows = rows
            .filter(Column::CreatedAt.lte(placed_at.micros()))
            .filter(Condition::any().add(Column::CreatedAt.lt(placed_at.micros())).add(same_moment));
    }
    let orders: Result<Vec<Order>, db::Error> = rows.all(db).await?.into_iter().map(Order::try_from).collect();
    Ok(orders?)
}
