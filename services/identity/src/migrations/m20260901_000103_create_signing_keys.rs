//! Keys that access tokens are signed with.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    prelude::{ColumnDef, ConditionalStatement, Expr, ExprTrait, Index, Table},
    sea_orm::DbErr,
};

pub(super) struct CreateSigningKeys;

impl MigrationName for CreateSigningKeys {
    fn name(&self) -> &str {
        "m20260901_000103_create_signing_keys"
    }
}

#[async_trait]
impl MigrationTrait for CreateSigningKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = Table::create();
        keys.table("signing_keys")
            .col(ColumnDef::new("kid").text().not_null().primary_key())
            .col(ColumnDef::new("pkcs8").blob().not_null())
            .col(ColumnDef::new("state").text().not_null())
            .col(ColumnDef::new("since").big_integer().not_null());
        manager.create_table(keys).await?;
        // However many replicas rotate at once, one key signs and one is next.
        let mut one_of_each = Index::create();
        one_of_each.name("signing_keys_state").table("signing_keys").col("state").unique();
        one_of_each.and_where(Expr::col("state").ne("RETIRED"));
        manager.create_index(one_of_each).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("signing_keys").take()).await
    }
}
