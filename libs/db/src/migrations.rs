//! The tables of messaging, as every service has them.

use sea_orm::sea_query::{ColumnDef, ConditionalStatement, Expr, ExprTrait, Index, Table, TableCreateStatement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait::async_trait, sea_orm::DbErr};

use crate::Migration;

/// The migrations of outbox, inbox, parked messages and idempotency keys. A service's own come after them.
#[must_use]
pub fn migrations_of_messaging() -> Vec<Migration> {
    vec![Box::new(CreateOutbox), Box::new(CreateInbox), Box::new(CreateIdempotencyKeys)]
}

struct CreateOutbox;

impl MigrationName for CreateOutbox {
    fn name(&self) -> &str {
        "m20260901_000001_create_outbox"
    }
}

#[async_trait]
impl MigrationTrait for CreateOutbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut outbox = table("outbox");
        outbox
            .col(ColumnDef::new("seq").big_integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new("id").text().not_null().unique_key())
            .col(ColumnDef::new("aggregate").text().not_null())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("available_at").big_integer().not_null().default(0))
            .col(ColumnDef::new("attempts").integer().not_null().default(0))
            .col(ColumnDef::new("last_error").text())
            .col(ColumnDef::new("published_at").big_integer())
            .col(ColumnDef::new("parked_at").big_integer())
            .col(ColumnDef::new("headers").text())
            .col(ColumnDef::new("payload").blob().not_null());
        manager.create_table(outbox).await?;
        // `published_at IS NULL` counts as equality, so planners prefer this over walking the primary key.
        let mut waiting = Index::create();
        waiting.name("outbox_waiting").table("outbox").col("published_at").col("seq");
        waiting.and_where(Expr::col("published_at").is_null()).and_where(Expr::col("parked_at").is_null());
        manager.create_index(waiting).await?;
        let mut parked = Index::create();
        parked.name("outbox_parked").table("outbox").col("aggregate");
        parked.and_where(Expr::col("parked_at").is_not_null());
        manager.create_index(parked).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("outbox").take()).await
    }
}

struct CreateInbox;

impl MigrationName for CreateInbox {
    fn name(&self) -> &str {
        "m20260901_000002_create_inbox"
    }
}

#[async_trait]
impl MigrationTrait for CreateInbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut inbox = table("inbox");
        inbox
            .col(ColumnDef::new("consumer").text().not_null())
            .col(ColumnDef::new("message_id").text().not_null())
            .col(ColumnDef::new("received_at").big_integer().not_null())
            .primary_key(Index::create().col("consumer").col("message_id"));
        manager.create_table(inbox).await?;
        manager.create_index(Index::create().name("inbox_received").table("inbox").col("received_at").take()).await?;
        let mut parked = table("parked_messages");
        parked
            .col(ColumnDef::new("consumer").text().not_null())
            .col(ColumnDef::new("message_id").text().not_null())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("aggregate").text().not_null())
            .col(ColumnDef::new("payload").blob().not_null())
            .col(ColumnDef::new("headers").text())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("first_parked_at").big_integer().not_null())
            .col(ColumnDef::new("parked_at").big_integer().not_null())
            .col(ColumnDef::new("error").text().not_null())
            .primary_key(Index::create().col("consumer").col("message_id"));
        manager.create_table(parked).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("parked_messages").take()).await?;
        manager.drop_table(Table::drop().table("inbox").take()).await
    }
}

struct CreateIdempotencyKeys;

impl MigrationName for CreateIdempotencyKeys {
    fn name(&self) -> &str {
        "m20260901_000003_create_idempotency_keys"
    }
}

#[async_trait]
impl MigrationTrait for CreateIdempotencyKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = table("idempotency_keys");
        keys.col(ColumnDef::new("principal").text().not_null())
            .col(ColumnDef::new("method").text().not_null())
            .col(ColumnDef::new("key").text().not_null())
            .col(ColumnDef::new("fingerprint").blob().not_null())
            .col(ColumnDef::new("claim").text().not_null())
            .col(ColumnDef::new("lease_until").big_integer().not_null())
            .col(ColumnDef::new("reply").blob())
            .col(ColumnDef::new("error").blob())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("principal").col("method").col("key"));
        manager.create_table(keys).await?;
        let mut expiry = Index::create();
        expiry.name("idempotency_keys_expiry").table("idempotency_keys").col("expires_at");
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency_keys").take()).await
    }
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}
