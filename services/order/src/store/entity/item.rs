//! The table `order_items`: written once, with the order.

use kernel::{Currency, Money};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::order::{Line, OrderId};

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_items")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    /// Where it stands, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The SKU.
    pub sku: String,
    /// Its product.
    pub product_id: String,
    /// What it was called.
    pub title: String,
    /// How many.
    pub quantity: i32,
    /// What one cost, in the currency of the order.
    pub unit_price_minor: i64,
    /// What the line cost.
    pub total_minor: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The line, in the currency of its order.
    pub(crate) fn into_line(self, currency: Currency) -> Line {
        Line {
            sku: self.sku,
            product_id: self.product_id,
            title: self.title,
            quantity: self.quantity,
            unit_price: Money::new(currency, self.unit_price_minor),
            total: Money::new(currency, self.total_minor),
        }
    }
}

/// The row for a line.
pub(crate) fn row(order: OrderId, position: i32, line: &Line) -> ActiveModel {
    ActiveModel {
        order_id: Set(order.to_string()),
        position: Set(position),
        sku: Set(line.sku.clone()),
        product_id: Set(line.product_id.clone()),
        title: Set(line.title.clone()),
        quantity: Set(line.quantity),
        unit_price_minor: Set(line.unit_price.minor),
        total_minor: Set(line.total.minor),
    }
}
