//! Orders with their sagas and timers, their lines, the log of their transitions, and the key of guests' tokens.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::DbErr,
    sea_query::{ColumnDef, ConditionalStatement, Expr, ExprTrait, ForeignKey, Index, Table, TableCreateStatement},
};

pub(crate) struct CreateOrders;

impl MigrationName for CreateOrders {
    fn name(&self) -> &str {
        "m20260901_000101_create_orders"
    }
}

#[async_trait]
impl MigrationTrait for CreateOrders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [orders(), order_items(), saga_log(), secrets()] {
            manager.create_table(table).await?;
        }
        let number = Index::create().name("orders_number").table("orders").col("number").unique().take();
        manager.create_index(number).await?;
        // A cart is ordered once; after a decline, say, the same cart may be tried again.
        let cart = Index::create()
            .name("orders_of_cart")
            .table("orders")
            .col("cart_id")
            .col("cart_version")
            .unique()
            .cond_where(Expr::col("lifecycle").is_in(["PENDING", "CONFIRMED", "COMPLETED"]))
            .take();
        manager.create_index(cart).await?;
        let account = Index::create()
            .name("orders_of_account")
            .table("orders")
            .col("account_id")
            .col("created_at")
            .col("id")
            .take();
        manager.create_index(account).await?;
        let newest = Index::create().name("orders_by_time").table("orders").col("created_at").col("id").take();
        manager.create_index(newest).await?;
        let due = Index::create()
            .name("orders_due")
            .table("orders")
            .col("due_at")
            .cond_where(Expr::col("due_at").is_not_null())
            .take();
        manager.create_index(due).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["secrets", "saga_log", "order_items", "orders"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn orders() -> TableCreateStatement {
    Table::create()
        .table("orders")
        .col(ColumnDef::new("id").text().not_null().primary_key())
        .col(ColumnDef::new("number").text().not_null())
        .col(ColumnDef::new("account_id").text())
        .col(ColumnDef::new("cart_id").text().not_null())
        .col(ColumnDef::new("cart_version").big_integer().not_null())
        .col(ColumnDef::new("currency").text().not_null())
        .col(ColumnDef::new("total_minor").big_integer().not_null())
        .col(ColumnDef::new("payment_id").text().not_null())
        .col(ColumnDef::new("payment_token").text().not_null())
        .col(ColumnDef::new("shipping_address").text().not_null())
        .col(ColumnDef::new("email").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("lifecycle").text().not_null())
        .col(ColumnDef::new("payment_status").text().not_null())
        .col(ColumnDef::new("fulfilment_status").text().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("cancel_reason").text())
        .col(ColumnDef::new("cancel_detail").text())
        .col(ColumnDef::new("shortages").text())
        .col(ColumnDef::new("action_until").big_integer())
        .col(ColumnDef::new("confirmed_at").big_integer())
        .col(ColumnDef::new("pay_until").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer())
        .col(ColumnDef::new("asked").big_integer().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .check(Expr::col("total_minor").gte(0))
        .check(Expr::col("version").gte(1))
        .take()
}

fn order_items() -> TableCreateStatement {
    Table::create()
        .table("order_items")
        .col(ColumnDef::new("order_id").text().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .col(ColumnDef::new("sku").text().not_null())
        .col(ColumnDef::new("product_id").text().not_null())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("quantity").integer().not_null())
        .col(ColumnDef::new("unit_price_minor").big_integer().not_null())
        .col(ColumnDef::new("total_minor").big_integer().not_null())
        .primary_key(Index::create().col("order_id").col("position"))
        .foreign_key(ForeignKey::create().from("order_items", "order_id").to("orders", "id"))
        .check(Expr::col("quantity").gt(0))
        .take()
}

fn saga_log() -> TableCreateStatement {
    Table::create()
        .table("saga_log")
        .col(ColumnDef::new("order_id").text().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("event").text().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .primary_key(Index::create().col("order_id").col("version"))
        .foreign_key(ForeignKey::create().from("saga_log", "order_id").to("orders", "id"))
        .take()
}

fn secrets() -> TableCreateStatement {
    Table::create()
        .table("secrets")
        .col(ColumnDef::new("name").text().not_null().primary_key())
        .col(ColumnDef::new("value").text().not_null())
        .take()
}
