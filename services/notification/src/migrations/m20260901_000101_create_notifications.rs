//! Contacts, preferences and deliveries.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::{ConnectionTrait, DbErr},
    sea_query::{ColumnDef, Index, Table},
};

pub(crate) struct CreateNotifications;

impl MigrationName for CreateNotifications {
    fn name(&self) -> &str {
        "m20260901_000101_create_notifications"
    }
}

#[async_trait]
impl MigrationTrait for CreateNotifications {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contacts = Table::create()
            .table("contacts")
            .col(ColumnDef::new("account_id").text().not_null().primary_key())
            .col(ColumnDef::new("email").text().not_null())
            .col(ColumnDef::new("display_name").text().not_null())
            .col(ColumnDef::new("updated_at").big_integer().not_null())
            .take();
        manager.create_table(contacts).await?;

        let preferences = Table::create()
            .table("preferences")
            .col(ColumnDef::new("account_id").text().not_null().primary_key())
            .col(ColumnDef::new("order_email").boolean().not_null())
            .col(ColumnDef::new("marketing_email").boolean().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("updated_at").big_integer().not_null())
            .take();
        manager.create_table(preferences).await?;

        let deliveries = Table::create()
            .table("deliveries")
            .col(ColumnDef::new("notification_id").text().not_null().primary_key())
            .col(ColumnDef::new("event_id").text().not_null())
            .col(ColumnDef::new("channel").text().not_null())
            .col(ColumnDef::new("account_id").text())
            .col(ColumnDef::new("email").text())
            .col(ColumnDef::new("order_id").text().not_null())
            .col(ColumnDef::new("template").text().not_null())
            .col(ColumnDef::new("subject").text().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .col(ColumnDef::new("secret_body").text())
            .col(ColumnDef::new("status").text().not_null())
            .col(ColumnDef::new("attempts").integer().not_null())
            .col(ColumnDef::new("due_at").big_integer())
            .col(ColumnDef::new("expires_at").big_integer())
            .col(ColumnDef::new("last_error").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("sent_at").big_integer())
            .col(ColumnDef::new("read_at").big_integer())
            .index(Index::create().unique().name("deliveries_once").col("event_id").col("channel"))
            .take();
        manager.create_table(deliveries).await?;
        let of_account = Index::create()
            .name("deliveries_of_account")
            .table("deliveries")
            .col("account_id")
            .col("notification_id")
            .take();
        manager.create_index(of_account).await?;
        // Most mail is sent and never looked for again; the index holds the rest alone.
        let due = "CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL";
        manager.get_connection().execute_unprepared(due).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["deliveries", "preferences", "contacts"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
