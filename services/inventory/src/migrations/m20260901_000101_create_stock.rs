//! Stock, reservations and movements.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::DbErr,
    sea_query::{ColumnDef, Expr, ExprTrait, Index, Table},
};

pub(crate) struct CreateStock;

impl MigrationName for CreateStock {
    fn name(&self) -> &str {
        "m20260901_000101_create_stock"
    }
}

#[async_trait]
impl MigrationTrait for CreateStock {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let stock = Table::create()
            .table("stock")
            .col(ColumnDef::new("sku").text().not_null().primary_key())
            .col(ColumnDef::new("product_id").text().not_null())
            .col(ColumnDef::new("seller_id").text().not_null())
            .col(ColumnDef::new("on_hand").big_integer().not_null())
            .col(ColumnDef::new("reserved").big_integer().not_null())
            .col(ColumnDef::new("touched").boolean().not_null())
            .col(ColumnDef::new("updated_at").big_integer().not_null())
            // The last line of defence against overselling.
            .check(Expr::col("reserved").gte(0))
            .check(Expr::col("reserved").lte(Expr::col("on_hand")))
            .take();
        manager.create_table(stock).await?;

        let reservations = Table::create()
            .table("reservations")
            .col(ColumnDef::new("order_id").text().not_null())
            .col(ColumnDef::new("sku").text().not_null())
            .col(ColumnDef::new("quantity").big_integer().not_null())
            .col(ColumnDef::new("state").small_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(Index::create().col("order_id").col("sku"))
            .check(Expr::col("quantity").gt(0))
            .take();
        manager.create_table(reservations).await?;
        let expiring =
            Index::create().name("reservations_expiring").table("reservations").col("state").col("expires_at").take();
        manager.create_index(expiring).await?;

        let movements = Table::create()
            .table("movements")
            .col(ColumnDef::new("id").text().not_null().primary_key())
            .col(ColumnDef::new("sku").text().not_null())
            .col(ColumnDef::new("kind").small_integer().not_null())
            .col(ColumnDef::new("on_hand_delta").big_integer().not_null())
            .col(ColumnDef::new("reserved_delta").big_integer().not_null())
            .col(ColumnDef::new("order_id").text().not_null())
            .col(ColumnDef::new("reason").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .take();
        manager.create_table(movements).await?;
        manager
            .create_index(Index::create().name("movements_of_sku").table("movements").col("sku").col("id").take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["movements", "reservations", "stock"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
