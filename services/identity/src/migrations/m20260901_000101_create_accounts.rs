//! Accounts, failed attempts to sign in to them, and links to set a new password.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    prelude::{ColumnDef, ForeignKey, ForeignKeyAction, Index, Table},
    sea_orm::DbErr,
};

pub(super) struct CreateAccounts;

impl MigrationName for CreateAccounts {
    fn name(&self) -> &str {
        "m20260901_000101_create_accounts"
    }
}

#[async_trait]
impl MigrationTrait for CreateAccounts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut accounts = Table::create();
        accounts
            .table("accounts")
            .col(ColumnDef::new("id").text().not_null().primary_key())
            .col(ColumnDef::new("email").text().not_null())
            .col(ColumnDef::new("email_key").text().not_null())
            .col(ColumnDef::new("display_name").text().not_null())
            .col(ColumnDef::new("password_hash").text().not_null())
            .col(ColumnDef::new("roles").text().not_null())
            .col(ColumnDef::new("disabled_at").big_integer())
            .col(ColumnDef::new("created_at").big_integer().not_null());
        manager.create_table(accounts).await?;
        let mut email = Index::create();
        email.name("accounts_email_key").table("accounts").col("email_key").unique();
        manager.create_index(email).await?;
        let mut newest = Index::create();
        newest.name("accounts_created_at").table("accounts").col("created_at").col("id");
        manager.create_index(newest).await?;
        let mut roles = Index::create();
        roles.name("accounts_roles").table("accounts").col("roles");
        manager.create_index(roles).await?;

        let mut failures = Table::create();
        failures
            .table("sign_in_failures")
            .col(ColumnDef::new("email_digest").text().not_null().primary_key())
            .col(ColumnDef::new("failures").integer().not_null())
            .col(ColumnDef::new("last_at").big_integer().not_null())
            .col(ColumnDef::new("locked_until").big_integer());
        manager.create_table(failures).await?;
        let mut oldest = Index::create();
        oldest.name("sign_in_failures_last_at").table("sign_in_failures").col("last_at");
        manager.create_index(oldest).await?;

        let mut resets = Table::create();
        resets
            .table("password_resets")
            .col(ColumnDef::new("account_id").text().not_null().primary_key())
            .col(ColumnDef::new("digest").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from("password_resets", "account_id")
                    .to("accounts", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(resets).await?;
        let mut digest = Index::create();
        digest.name("password_resets_digest").table("password_resets").col("digest").unique();
        manager.create_index(digest).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["password_resets", "sign_in_failures", "accounts"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
