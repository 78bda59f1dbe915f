//! The schema of carts. Released migrations never change.

use db::Migration;
use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ConditionalStatement, Expr, ExprTrait, ForeignKey, ForeignKeyAction, Index, Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait::async_trait, sea_orm::DbErr};

/// All tables of the service, those of messaging first.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    let mut all = db::migrations_of_messaging();
    all.push(Box::new(CreateCarts));
    all
}

struct CreateCarts;

impl MigrationName for CreateCarts {
    fn name(&self) -> &str {
        "m20260901_000101_create_carts"
    }
}

#[async_trait]
impl MigrationTrait for CreateCarts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut carts = table("carts");
        carts
            .col(ColumnDef::new("cart_id").text().not_null().primary_key())
            // One of the two says whose it is.
            .col(ColumnDef::new("account_id").text().unique_key())
            .col(ColumnDef::new("token_hash").text().unique_key())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("create_time").big_integer().not_null())
            .col(ColumnDef::new("update_time").big_integer().not_null())
            // Of a guest cart that is no more: the account that has its lines, and what was told of the merging.
            .col(ColumnDef::new("merged_into").text())
            .col(ColumnDef::new("merge_report").blob())
            .check(Expr::col("account_id").is_null().ne(Expr::col("token_hash").is_null()));
        manager.create_table(carts).await?;
        let mut guests = Index::create();
        guests.name("carts_of_guests").table("carts").col("update_time");
        guests.and_where(Expr::col("account_id").is_null());
        manager.create_index(guests).await?;

        let mut items = table("cart_items");
        items
            .col(ColumnDef::new("cart_id").text().not_null())
            .col(ColumnDef::new("sku").text().not_null())
            .col(ColumnDef::new("quantity").integer().not_null().check(Expr::col("quantity").between(1, 999)))
            .col(ColumnDef::new("currency").text().not_null())
            .col(ColumnDef::new("product_id").text().not_null())
            .col(ColumnDef::new("title").text().not_null())
            .col(ColumnDef::new("position").big_integer().not_null())
            .primary_key(Index::create().col("cart_id").col("sku"))
            .foreign_key(
                ForeignKey::create()
                    .from("cart_items", "cart_id")
                    .to("carts", "cart_id")
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(items).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("cart_items").take()).await?;
        manager.drop_table(Table::drop().table("carts").take()).await
    }
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}
