//! The schema of the catalogue. Released migrations never change.

use db::Migration;
use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, Index, Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait::async_trait, sea_orm::DbErr};

/// All tables of the service, those of messaging first.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    let mut all = db::migrations_of_messaging();
    all.push(Box::new(CreateCategories));
    all.push(Box::new(CreateProducts));
    all
}

struct CreateCategories;

impl MigrationName for CreateCategories {
    fn name(&self) -> &str {
        "m20260901_000101_create_categories"
    }
}

#[async_trait]
impl MigrationTrait for CreateCategories {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut categories = table("categories");
        categories
            .col(ColumnDef::new("category_id").text().not_null().primary_key())
            .col(ColumnDef::new("slug").text().not_null().unique_key())
            .col(ColumnDef::new("title").text().not_null())
            .col(ColumnDef::new("parent").text())
            .col(ColumnDef::new("create_time").big_integer().not_null())
            .foreign_key(ForeignKey::create().from("categories", "parent").to("categories", "slug"));
        manager.create_table(categories).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("categories").take()).await
    }
}

struct CreateProducts;

impl MigrationName for CreateProducts {
    fn name(&self) -> &str {
        "m20260901_000102_create_products"
    }
}

#[async_trait]
impl MigrationTrait for CreateProducts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut products = table("products");
        products
            .col(ColumnDef::new("product_id").text().not_null().primary_key())
            .col(ColumnDef::new("external_id").text().unique_key())
            // Empty once the product is deleted, which frees the slug.
            .col(ColumnDef::new("slug").text().unique_key())
            .col(ColumnDef::new("seller_id").text().not_null())
            // 0 deleted, 1 draft, 2 published.
            .col(ColumnDef::new("status").integer().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("create_time").big_integer().not_null())
            .col(ColumnDef::new("update_time").big_integer().not_null())
            .col(ColumnDef::new("snapshot").blob().not_null());
        manager.create_table(products).await?;
        let mut listed = Index::create();
        listed.name("products_listed").table("products").col("status").col("create_time").col("product_id");
        manager.create_index(listed).await?;
        let mut of_seller = Index::create();
        of_seller.name("products_of_seller").table("products");
        of_seller.col("seller_id").col("status").col("create_time").col("product_id");
        manager.create_index(of_seller).await?;

        let mut variants = table("variants");
        variants
            .col(ColumnDef::new("sku").text().not_null().primary_key())
            .col(ColumnDef::new("product_id").text().not_null())
            .foreign_key(ForeignKey::create().from("variants", "product_id").to("products", "product_id"));
        manager.create_table(variants).await?;

        let mut shelves = table("product_categories");
        shelves
            .col(ColumnDef::new("category").text().not_null())
            // The product's own, which never changes: a page of a category is one walk along the key.
            .col(ColumnDef::new("create_time").big_integer().not_null())
            .col(ColumnDef::new("product_id").text().not_null())
            .primary_key(Index::create().col("category").col("create_time").col("product_id"))
            .foreign_key(ForeignKey::create().from("product_categories", "category").to("categories", "slug"))
            .foreign_key(
                ForeignKey::create()
                    .from("product_categories", "product_id")
                    .to("products", "product_id")
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(shelves).await?;
        let mut of_product = Index::create();
        of_product.name("product_categories_of_product").table("product_categories").col("product_id");
        manager.create_index(of_product).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["product_categories", "variants", "products"] {
            manager.drop_table(Table::drop().table(name).take()).await?;
        }
        Ok(())
    }
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}
