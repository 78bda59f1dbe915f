//! Profiles, addresses and sellers.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    prelude::{ColumnDef, Index, Table},
    sea_orm::DbErr,
};

pub(super) struct CreateProfiles;

impl MigrationName for CreateProfiles {
    fn name(&self) -> &str {
        "m20260901_000101_create_profiles"
    }
}

#[async_trait]
impl MigrationTrait for CreateProfiles {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
        let number = |name: &'static str| ColumnDef::new(name).big_integer().not_null().take();

        let mut profiles = Table::create();
        profiles.table("profiles").col(text("user_id").primary_key());
        for column in ["email", "display_name", "phone", "locale"] {
            profiles.col(text(column));
        }
        profiles.col(ColumnDef::new("marketing_consent").boolean().not_null());
        for column in ["version", "created_at", "updated_at"] {
            profiles.col(number(column));
        }
        manager.create_table(profiles).await?;

        let mut addresses = Table::create();
        addresses.table("addresses").col(text("id").primary_key());
        let columns = ["user_id", "name", "line1", "line2", "city", "region", "postal_code", "country_code", "phone"];
        for column in columns {
            addresses.col(text(column));
        }
        addresses.col(number("created_at"));
        manager.create_table(addresses).await?;
        let mut of_user = Index::create();
        of_user.name("addresses_user").table("addresses").col("user_id").col("created_at").col("id");
        manager.create_index(of_user).await?;

        let mut sellers = Table::create();
        sellers
            .table("sellers")
            .col(text("user_id").primary_key())
            .col(text("shop_name"))
            .col(text("status"))
            .col(number("applied_at"))
            .col(ColumnDef::new("approved_at").big_integer());
        manager.create_table(sellers).await?;
        let mut newest = Index::create();
        newest.name("sellers_applied_at").table("sellers").col("applied_at").col("user_id");
        manager.create_index(newest).await?;
        let mut by_status = Index::create();
        by_status.name("sellers_status").table("sellers").col("status").col("applied_at").col("user_id");
        manager.create_index(by_status).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sellers", "addresses", "profiles"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
