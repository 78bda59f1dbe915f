//! Sessions and their refresh tokens.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    prelude::{ColumnDef, ForeignKey, ForeignKeyAction, Index, Table},
    sea_orm::DbErr,
};

pub(super) struct CreateSessions;

impl MigrationName for CreateSessions {
    fn name(&self) -> &str {
        "m20260901_000102_create_sessions"
    }
}

#[async_trait]
impl MigrationTrait for CreateSessions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut sessions = Table::create();
        sessions
            .table("sessions")
            .col(ColumnDef::new("id").text().not_null().primary_key())
            .col(ColumnDef::new("account_id").text().not_null())
            .col(ColumnDef::new("device").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("last_used_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .col(ColumnDef::new("ended_at").big_integer())
            .col(ColumnDef::new("ended_by").text())
            .foreign_key(
                ForeignKey::create()
                    .from("sessions", "account_id")
                    .to("accounts", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(sessions).await?;
        let mut of_account = Index::create();
        of_account.name("sessions_account").table("sessions").col("account_id").col("last_used_at");
        manager.create_index(of_account).await?;
        let mut expiry = Index::create();
        expiry.name("sessions_expires_at").table("sessions").col("expires_at");
        manager.create_index(expiry).await?;

        let mut tokens = Table::create();
        tokens
            .table("refresh_tokens")
            .col(ColumnDef::new("digest").text().not_null().primary_key())
            .col(ColumnDef::new("session_id").text().not_null())
            .col(ColumnDef::new("used_at").big_integer())
            .col(ColumnDef::new("replaced_by").text())
            .col(ColumnDef::new("voided_at").big_integer())
            .foreign_key(
                ForeignKey::create()
                    .from("refresh_tokens", "session_id")
                    .to("sessions", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(tokens).await?;
        let mut of_session = Index::create();
        of_session.name("refresh_tokens_session").table("refresh_tokens").col("session_id");
        manager.create_index(of_session).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["refresh_tokens", "sessions"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
