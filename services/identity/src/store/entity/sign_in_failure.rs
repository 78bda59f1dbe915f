//! Wrong passwords in a row, by address, known or not.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_failures")]
pub(crate) struct Model {
    /// SHA-256 of the address as it is compared, in hexadecimal: what was typed need not be an address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub email_digest: String,
    pub failures: i32,
    pub last_at: i64,
    pub locked_until: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
