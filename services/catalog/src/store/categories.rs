//! The table of categories.

use std::collections::HashSet;

use db::{
    OnUnique, Tx, Unique,
    sql::{self, Sized, statement, statement_of},
};
use sea_orm::{ConnectionTrait, DbErr};
use ultramarket_api::catalog::v1::Category;

use crate::Error;

const SLUG: Unique = Unique { name: "categories_slug_key", table: "categories", columns: &["slug"] };

/// All categories, in no order.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Category>, db::Error> {
    let sql = "SELECT category_id, slug, title, parent FROM categories";
    let rows = db.query_all_raw(statement(db, sql, [])).await?;
    let category = |row: &sea_orm::QueryResult| -> Result<Category, DbErr> {
        Ok(Category {
            category_id: row.try_get_by_index(0)?,
            slug: row.try_get_by_index(1)?,
            title: row.try_get_by_index(2)?,
            parent: row.try_get_by_index::<Option<String>>(3)?.unwrap_or_default(),
        })
    };
    Ok(rows.iter().map(category).collect::<Result<_, _>>()?)
}

static EXISTING: Sized =
    Sized::new(|rows| format!("SELECT slug FROM categories WHERE slug IN ({})", sql::list(1, rows)));

/// Those of the slugs that are categories.
pub(crate) async fn existing(
    db: &impl ConnectionTrait,
    slugs: impl IntoIterator<Item = &str>,
) -> Result<HashSet<String>, db::Error> {
    let distinct: Vec<&str> = slugs.into_iter().collect::<HashSet<_>>().into_iter().collect();
    let mut existing = HashSet::with_capacity(distinct.len());
    for slugs in sql::padded(&distinct) {
        let values = slugs.iter().map(|&slug| slug.into()).collect();
        for row in db.query_all_raw(statement_of(db, EXISTING.text(slugs.len()), values)).await? {
            existing.insert(row.try_get_by_index(0)?);
        }
    }
    Ok(existing)
}

/// Adds a category whose parent exists.
pub(crate) async fn insert(tx: &Tx, category: &Category) -> Result<(), Error> {
    let sql = "INSERT INTO categories (category_id, slug, title, parent, create_time) VALUES ($1, $2, $3, $4, $5)";
    let parent = Some(category.parent.clone()).filter(|parent| !parent.is_empty());
    let values = [
        category.category_id.as_str().into(),
        category.slug.as_str().into(),
        category.title.as_str().into(),
        parent.into(),
        tx.now().micros().into(),
    ];
    let inserted = tx.execute_raw(statement(tx, sql, values)).await;
    inserted.on_unique(&SLUG, || Error::SlugTaken { slug: category.slug.clone() })?;
    Ok(())
}
