//! Refresh tokens, by digest.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub(crate) struct Model {
    /// SHA-256 of the token, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    pub session_id: String,
    /// When it was first exchanged.
    pub used_at: Option<i64>,
    /// The digest of the token it was last exchanged for.
    pub replaced_by: Option<String>,
    /// When its reply was given up for lost.
    pub voided_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
