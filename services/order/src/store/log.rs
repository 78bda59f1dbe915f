//! What happened to an order, for those who must understand it later.

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use super::entity::log::{ActiveModel, Entity};
use crate::{Error, domain::order::Order};

/// The event that a log begins with.
pub(crate) const PLACED: &str = "Placed";

/// Adds that `event` took the order to where it is.
pub(crate) async fn add(tx: &impl ConnectionTrait, order: &Order, event: &str) -> Result<(), Error> {
    let row = ActiveModel {
        order_id: Set(order.id.to_string()),
        version: Set(order.version),
        event: Set(event.to_owned()),
        state: Set(order.saga.state.name().to_owned()),
        created_at: Set(order.updated_at.micros()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
