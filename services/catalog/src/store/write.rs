//! Writing products: the only place that does, so that columns, snapshot and event never differ.
//!
//! Names are checked before, in the same transaction. Where the database allows others to write meanwhile and one of
//! them was faster, this fails as a lost race: the transaction is run again and sees what the other has written.

use db::{
    Tx,
    sql::{self, Sized, statement_of},
};
use sea_orm::{ConnectionTrait, DbErr, Value};
use service_kit::wire;
use ultramarket_api::catalog::{events::v1::ProductDeleted, v1::Product};

use super::{DELETED, Stored};
use crate::snapshot::{Changed, Snapshot};

/// A product as it is to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub product: Product,
    pub version: i64,
    /// There are rows of it to be replaced.
    existed: bool,
    deleted: bool,
}

impl Record {
    /// A new product. It has its id.
    pub(crate) fn new(mut product: Product, now: kernel::Timestamp) -> Self {
        product.create_time = Some(wire::timestamp(now));
        Self { product, version: 1, existed: false, deleted: false }.stamped(now)
    }

    /// The next version of a product.
    pub(crate) fn next(before: &Stored, product: Product, now: kernel::Timestamp) -> Self {
        Self { product, version: before.version + 1, existed: true, deleted: false }.stamped(now)
    }

    /// The last version of a product, until an import brings it back.
    pub(crate) fn deleted(before: Stored, now: kernel::Timestamp) -> Self {
        Self { product: before.product, version: before.version + 1, existed: true, deleted: true }.stamped(now)
    }

    fn stamped(mut self, now: kernel::Timestamp) -> Self {
        self.product.etag = self.version.to_string();
        self.product.update_time = Some(wire::timestamp(now));
        self
    }

    fn row(&self, snapshot: &Snapshot) -> [Value; 9] {
        let product = &self.product;
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        [
            product.product_id.as_str().into(),
            text(&product.external_id).into(),
            text(&product.slug).filter(|_| !self.deleted).into(),
            product.seller_id.as_str().into(),
            if self.deleted { DELETED } else { product.status }.into(),
            self.version.into(),
            micros(&product.create_time).into(),
            micros(&product.update_time).into(),
            snapshot.bytes().to_vec().into(),
        ]
    }

    fn variants(&self) -> Vec<[Value; 2]> {
        let id = self.product.product_id.as_str();
        self.product.variants.iter().map(|variant| [variant.sku.as_str().into(), id.into()]).collect()
    }

    fn shelves(&self) -> Vec<[Value; 3]> {
        let product = &self.product;
        let create_time = micros(&product.create_time);
        let categories = if self.deleted { &[] } else { product.categories.as_slice() };
        let id = product.product_id.as_str();
        categories.iter().map(|category| [category.as_str().into(), create_time.into(), id.into()]).collect()
    }

    fn changed_event(&self, snapshot: &Snapshot) -> Option<(&str, Changed)> {
        let event = || Changed { product: snapshot.bytes().clone(), version: self.version };
        (!self.deleted).then(|| (self.product.product_id.as_str(), event()))
    }

    fn deleted_event(&self) -> Option<(&str, ProductDeleted)> {
        let event = || ProductDeleted {
            product_id: self.product.product_id.clone(),
            skus: self.product.variants.iter().map(|variant| variant.sku.clone()).collect(),
            version: self.version,
        };
        self.deleted.then(|| (self.product.product_id.as_str(), event()))
    }
}

/// Stores the products and tells of them.
pub(crate) async fn save(tx: &Tx, records: &[Record]) -> Result<(), db::Error> {
    let snapshots: Vec<Snapshot> = records.iter().map(|record| Snapshot::of(&record.product)).collect();
    let encoded = || records.iter().zip(&snapshots);
    insert(tx, &PRODUCTS, encoded().map(|(record, snapshot)| record.row(snapshot)).collect(), Expect::All).await?;
    insert(tx, &VARIANTS, records.iter().flat_map(Record::variants).collect(), Expect::All).await?;
    clear_shelves(tx, records).await?;
    insert(tx, &SHELVES, records.iter().flat_map(Record::shelves).collect(), Expect::Any).await?;
    let changed: Vec<_> = encoded().filter_map(|(record, snapshot)| record.changed_event(snapshot)).collect();
    tx.emit_all(changed).await?;
    tx.emit_all(records.iter().filter_map(Record::deleted_event).collect::<Vec<_>>()).await
}

fn micros(time: &Option<prost_types::Timestamp>) -> i64 {
    time.as_ref().map_or(0, |time| wire::moment(time).micros())
}

/// SQLite looks each parameter up among all of its statement, so that statements of many rows cost more than they save.
const MAX_ROWS: usize = 32;

static PRODUCTS: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, 9);
    format!(
        "INSERT INTO products (product_id, external_id, slug, seller_id, status, version, create_time, update_time, \
         snapshot) VALUES {values} ON CONFLICT (product_id) DO UPDATE SET external_id = excluded.external_id, \
         slug = excluded.slug, status = excluded.status, version = excluded.version, \
         update_time = excluded.update_time, snapshot = excluded.snapshot \
         WHERE products.version = excluded.version - 1"
    )
});

/// A SKU that is registered stays with its product.
static VARIANTS: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, 2);
    format!(
        "INSERT INTO variants (sku, product_id) VALUES {values} ON CONFLICT (sku) \
         DO UPDATE SET product_id = excluded.product_id WHERE variants.product_id = excluded.product_id"
    )
});

static SHELVES: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, 3);
    format!("INSERT INTO product_categories (category, create_time, product_id) VALUES {values}")
});

static CLEAR_SHELVES: Sized =
    Sized::new(|rows| format!("DELETE FROM product_categories WHERE product_id IN ({})", sql::list(1, rows)));

/// How many rows a statement must have touched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// One for each that was given; fewer is a lost race.
    All,
    /// Any.
    Any,
}

async fn insert<const COLUMNS: usize>(
    tx: &Tx,
    sized: &Sized,
    rows: Vec<[Value; COLUMNS]>,
    expect: Expect,
) -> Result<(), db::Error> {
    let mut rest = rows.into_iter();
    while rest.len() > 0 {
        let size = sql::step(rest.len().min(MAX_ROWS));
        let values = rest.by_ref().take(size).flatten().collect();
        let done = tx.execute_raw(statement_of(tx, sized.text(size), values)).await.map_err(|error| {
            let error = db::Error::from(error);
            if error.unique_violation().is_some() { lost_race() } else { error }
        })?;
        if expect == Expect::All && done.rows_affected() != size as u64 {
            return Err(lost_race());
        }
    }
    Ok(())
}

fn lost_race() -> db::Error {
    db::Error::Busy(DbErr::RecordNotUpdated)
}

async fn clear_shelves(tx: &Tx, records: &[Record]) -> Result<(), db::Error> {
    let existed = records.iter().filter(|record| record.existed);
    let ids: Vec<&str> = existed.map(|record| record.product.product_id.as_str()).collect();
    for ids in sql::padded(&ids) {
        let values = ids.iter().map(|&id| id.into()).collect();
        tx.execute_raw(statement_of(tx, CLEAR_SHELVES.text(ids.len()), values)).await?;
    }
    Ok(())
}
