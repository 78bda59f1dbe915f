//! Reading products.

use std::collections::HashMap;

use db::sql::{self, Sized, statement, statement_of};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use ultramarket_api::catalog::v1::Product;

use super::{DELETED, PUBLISHED, Stored};
use crate::snapshot::Snapshot;

const COLUMNS: &str = "snapshot, version, status";

/// The product with the id, unless it was deleted.
pub(crate) async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<Stored>, db::Error> {
    let sql = "SELECT snapshot, version, status FROM products WHERE product_id = $1 AND status <> $2";
    let row = db.query_one_raw(statement(db, sql, [id.into(), DELETED.into()])).await?;
    row.as_ref().map(stored).transpose()
}

/// As [`find`], for passing it on.
pub(crate) async fn snapshot(db: &impl ConnectionTrait, id: &str) -> Result<Option<Snapshot>, db::Error> {
    let sql = "SELECT snapshot FROM products WHERE product_id = $1 AND status <> $2";
    let row = db.query_one_raw(statement(db, sql, [id.into(), DELETED.into()])).await?;
    row.as_ref().map(first).transpose()
}

/// The product with the slug, for passing it on.
pub(crate) async fn snapshot_by_slug(db: &impl ConnectionTrait, slug: &str) -> Result<Option<Snapshot>, db::Error> {
    let sql = "SELECT snapshot FROM products WHERE slug = $1";
    let row = db.query_one_raw(statement(db, sql, [slug.into()])).await?;
    row.as_ref().map(first).transpose()
}

static BY_EXTERNAL_ID: Sized =
    Sized::new(|rows| format!("SELECT {COLUMNS} FROM products WHERE external_id IN ({})", sql::list(1, rows)));

/// The products with the external ids, deleted ones too, by external id.
pub(crate) async fn by_external_ids(
    db: &impl ConnectionTrait,
    external_ids: &[&str],
) -> Result<HashMap<String, Stored>, db::Error> {
    let mut found = HashMap::with_capacity(external_ids.len());
    for ids in sql::padded(external_ids) {
        let values = ids.iter().map(|&id| id.into()).collect();
        for row in db.query_all_raw(statement_of(db, BY_EXTERNAL_ID.text(ids.len()), values)).await? {
            let stored = stored(&row)?;
            found.insert(stored.product.external_id.clone(), stored);
        }
    }
    Ok(found)
}

static BY_SKU: Sized = Sized::new(|rows| {
    format!(
        "SELECT v.sku, v.product_id, p.snapshot FROM variants v JOIN products p ON p.product_id = v.product_id \
         WHERE p.status = $1 AND v.sku IN ({})",
        sql::list(2, rows)
    )
});

/// The published products that the SKUs belong to or belonged to.
pub(crate) async fn by_skus(db: &impl ConnectionTrait, skus: &[String]) -> Result<Published, db::Error> {
    let mut found = Published::default();
    for skus in sql::padded(skus) {
        let text = BY_SKU.text(skus.len());
        let values = std::iter::once(PUBLISHED.into()).chain(skus.into_iter().map(Value::from)).collect();
        for row in db.query_all_raw(statement_of(db, text, values)).await? {
            let (sku, id): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if !found.products.contains_key(&id) {
                let snapshot = Snapshot::from_stored(row.try_get_by_index::<Vec<u8>>(2)?);
                found.products.insert(id.clone(), snapshot.product()?);
            }
            found.by_sku.insert(sku, id);
        }
    }
    Ok(found)
}

/// Products by SKU, each decoded once.
#[derive(Debug, Default)]
pub(crate) struct Published {
    by_sku: HashMap<String, String>,
    products: HashMap<String, Product>,
}

impl Published {
    /// The product of the SKU.
    pub(crate) fn of(&self, sku: &str) -> Option<&Product> {
        self.products.get(self.by_sku.get(sku)?)
    }
}

/// Where a product stands in a list: lists are by creation time, and by id among equals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub create_time: i64,
    pub product_id: String,
}

/// Which published products to list.
#[derive(Debug)]
pub(crate) struct List {
    pub category: String,
    pub seller_id: String,
    pub newest_first: bool,
    pub after: Option<Position>,
    pub limit: u32,
}

/// The published products of a list, in its order: one walk along an index, whichever page it is.
pub(crate) async fn list(db: &impl ConnectionTrait, list: &List) -> Result<Vec<Snapshot>, db::Error> {
    let (order, beyond) = if list.newest_first { ("DESC", "<") } else { ("ASC", ">") };
    let mut values: Vec<Value> = vec![PUBLISHED.into()];
    let mut parameter = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let (from, table) = if list.category.is_empty() {
        (String::new(), "p")
    } else {
        let category = parameter(list.category.as_str().into());
        (format!("JOIN product_categories c ON c.product_id = p.product_id AND c.category = {category}"), "c")
    };
    let mut filter = String::new();
    if !list.seller_id.is_empty() {
        filter.push_str(&format!(" AND p.seller_id = {}", parameter(list.seller_id.as_str().into())));
    }
    if let Some(after) = &list.after {
        let (time, id) = (parameter(after.create_time.into()), parameter(after.product_id.as_str().into()));
        filter.push_str(&format!(" AND ({table}.create_time, {table}.product_id) {beyond} ({time}, {id})"));
    }
    let limit = parameter(i64::from(list.limit).into());
    let sql = format!(
        "SELECT p.snapshot FROM products p {from} WHERE p.status = $1{filter} \
         ORDER BY {table}.create_time {order}, {table}.product_id {order} LIMIT {limit}"
    );
    db.query_all_raw(statement_of(db, &sql, values)).await?.iter().map(first).collect()
}

/// Products that are not deleted, in order of their ids, beginning after `after`.
pub(crate) async fn all_after(db: &impl ConnectionTrait, after: &str, limit: u32) -> Result<Vec<Snapshot>, db::Error> {
    let sql = "SELECT snapshot FROM products WHERE product_id > $1 AND status <> $2 ORDER BY product_id LIMIT $3";
    let values = [after.into(), DELETED.into(), i64::from(limit).into()];
    db.query_all_raw(statement(db, sql, values)).await?.iter().map(first).collect()
}

fn first(row: &QueryResult) -> Result<Snapshot, db::Error> {
    Ok(Snapshot::from_stored(row.try_get_by_index::<Vec<u8>>(0)?))
}

fn stored(row: &QueryResult) -> Result<Stored, db::Error> {
    let status: i32 = row.try_get_by_index(2)?;
    Ok(Stored { product: first(row)?.product()?, version: row.try_get_by_index(1)?, deleted: status == DELETED })
}
