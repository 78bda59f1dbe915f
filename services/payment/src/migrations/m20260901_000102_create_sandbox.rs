//! The sandbox provider's own books. No foreign keys to ours: it is an outside system that lives here.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::DbErr,
    sea_query::{ColumnDef, Index, Table},
};

pub(crate) struct CreateSandbox;

impl MigrationName for CreateSandbox {
    fn name(&self) -> &str {
        "m20260901_000102_create_sandbox"
    }
}

#[async_trait]
impl MigrationTrait for CreateSandbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let intents = Table::create()
            .table("sandbox_intents")
            .col(ColumnDef::new("authorization_key").text().not_null().primary_key())
            .col(ColumnDef::new("payment_id").text().not_null())
            .col(ColumnDef::new("order_id").text().not_null())
            .col(ColumnDef::new("token").text().not_null())
            .col(ColumnDef::new("state").text().not_null())
            .col(ColumnDef::new("amount_minor").big_integer().not_null())
            .col(ColumnDef::new("currency").text().not_null())
            .col(ColumnDef::new("refunded_minor").big_integer().not_null())
            .take();
        manager.create_table(intents).await?;

        let calls = Table::create()
            .table("sandbox_calls")
            .col(ColumnDef::new("key").text().not_null().primary_key())
            .col(ColumnDef::new("calls").integer().not_null())
            .col(ColumnDef::new("fingerprint").text().not_null())
            .col(ColumnDef::new("answer").text())
            .take();
        manager.create_table(calls).await?;

        let webhooks = Table::create()
            .table("sandbox_webhooks")
            .col(ColumnDef::new("event_id").text().not_null().primary_key())
            .col(ColumnDef::new("body").text().not_null())
            .col(ColumnDef::new("failures").integer().not_null())
            .col(ColumnDef::new("due_at").big_integer().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .take();
        manager.create_table(webhooks).await?;
        let due = Index::create().name("sandbox_webhooks_due").table("sandbox_webhooks").col("due_at").take();
        manager.create_index(due).await?;

        let settings = Table::create()
            .table("sandbox_settings")
            .col(ColumnDef::new("name").text().not_null().primary_key())
            .col(ColumnDef::new("value").text().not_null())
            .take();
        manager.create_table(settings).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sandbox_settings", "sandbox_webhooks", "sandbox_calls", "sandbox_intents"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
