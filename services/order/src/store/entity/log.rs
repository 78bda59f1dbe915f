//! The table `saga_log`: rows are only ever added.

use sea_orm::entity::prelude::*;

/// One transition of one order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saga_log")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    /// Its version since.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// What happened.
    pub event: String,
    /// The state since.
    pub state: String,
    /// When, in microseconds.
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
