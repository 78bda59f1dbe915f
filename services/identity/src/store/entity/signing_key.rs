//! Keys that access tokens are signed with.

use sea_orm::entity::prelude::*;

#[derive(Clone, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// The private key, as PKCS #8.
    #[sea_orm(column_type = "Blob")]
    pub pkcs8: Vec<u8>,
    /// NEXT, CURRENT or RETIRED. There is at most one of each of the first two.
    pub state: String,
    /// Since when it is in that state.
    pub since: i64,
}

/// The private key is left out.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("kid", &self.kid).field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
