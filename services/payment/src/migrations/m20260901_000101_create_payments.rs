//! Payments, the calls made of them, what providers reported, and cancellations that came first.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::{ConnectionTrait, DbErr},
    sea_query::{ColumnDef, Expr, ExprTrait, ForeignKey, Index, Table},
};

pub(crate) struct CreatePayments;

impl MigrationName for CreatePayments {
    fn name(&self) -> &str {
        "m20260901_000101_create_payments"
    }
}

#[async_trait]
impl MigrationTrait for CreatePayments {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        payments(manager).await?;
        attempts(manager).await?;
        provider_events(manager).await?;
        let forestalled = Table::create()
            .table("forestalled_payments")
            .col(ColumnDef::new("payment_id").text().not_null().primary_key())
            .col(ColumnDef::new("order_id").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .take();
        manager.create_table(forestalled).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["forestalled_payments", "provider_events", "attempts", "payments"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

async fn payments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let payments = Table::create()
        .table("payments")
        .col(ColumnDef::new("payment_id").text().not_null().primary_key())
        .col(ColumnDef::new("order_id").text().not_null().unique_key())
        .col(ColumnDef::new("account_id").text())
        .col(ColumnDef::new("order_token_hash").blob())
        .col(ColumnDef::new("provider").text().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("amount_minor").big_integer().not_null())
        .col(ColumnDef::new("currency").text().not_null())
        .col(ColumnDef::new("payment_token").text().not_null())
        .col(ColumnDef::new("capture_wanted").boolean().not_null())
        .col(ColumnDef::new("cancel_wanted").boolean().not_null())
        .col(ColumnDef::new("failure").text().not_null())
        .col(ColumnDef::new("action_expires_at").big_integer())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .check(Expr::col("amount_minor").gte(0))
        .take();
    manager.create_table(payments).await
}

async fn attempts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let attempts = Table::create()
        .table("attempts")
        .col(ColumnDef::new("key").text().not_null().primary_key())
        .col(ColumnDef::new("payment_id").text().not_null())
        .col(ColumnDef::new("operation").text().not_null())
        .col(ColumnDef::new("number").integer().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("reference").text().not_null())
        .col(ColumnDef::new("sent_at").big_integer())
        .col(ColumnDef::new("failures").integer().not_null())
        .col(ColumnDef::new("due_at").big_integer())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .foreign_key(ForeignKey::create().from("attempts", "payment_id").to("payments", "payment_id"))
        .index(Index::create().unique().name("attempts_numbered").col("payment_id").col("operation").col("number"))
        .take();
    manager.create_table(attempts).await?;
    // Most attempts are done and never looked at again; the index holds the others alone.
    let due = "CREATE INDEX attempts_due ON attempts (due_at) WHERE due_at IS NOT NULL";
    manager.get_connection().execute_unprepared(due).await?;
    Ok(())
}

async fn provider_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let events = Table::create()
        .table("provider_events")
        .col(ColumnDef::new("provider").text().not_null())
        .col(ColumnDef::new("event_id").text().not_null())
        .col(ColumnDef::new("payment_id").text().not_null())
        .col(ColumnDef::new("reference").text().not_null())
        .col(ColumnDef::new("type").text().not_null())
        .col(ColumnDef::new("amount_minor").big_integer().not_null())
        .col(ColumnDef::new("recorded_at").big_integer().not_null())
        .primary_key(Index::create().col("provider").col("event_id"))
        .foreign_key(ForeignKey::create().from("provider_events", "payment_id").to("payments", "payment_id"))
        .index(Index::create().unique().name("provider_events_once").col("payment_id").col("reference").col("type"))
        .take();
    manager.create_table(events).await
}
