//! Which names are given.

use std::collections::HashMap;

use db::sql::{self, Sized, statement_of};
use sea_orm::ConnectionTrait;
use ultramarket_api::catalog::v1::Product;

use crate::domain::names::{Names, sku_candidates, slug_candidates};

static SKUS: Sized =
    Sized::new(|rows| format!("SELECT sku, product_id FROM variants WHERE sku IN ({})", sql::list(1, rows)));

static SLUGS: Sized =
    Sized::new(|rows| format!("SELECT slug, product_id FROM products WHERE slug IN ({})", sql::list(1, rows)));

/// Of the names that the products have, want or may be given: those that are given.
pub(crate) async fn given<'a>(
    db: &impl ConnectionTrait,
    products: impl IntoIterator<Item = &'a Product>,
) -> Result<Names, db::Error> {
    let (mut skus, mut slugs) = (Vec::new(), Vec::new());
    for product in products {
        slugs.extend(slug_candidates(product));
        skus.extend((0..product.variants.len()).flat_map(|index| sku_candidates(product, index)));
    }
    Ok(Names { skus: owners(db, &SKUS, &skus).await?, slugs: owners(db, &SLUGS, &slugs).await? })
}

async fn owners(
    db: &impl ConnectionTrait,
    query: &Sized,
    names: &[String],
) -> Result<HashMap<String, String>, db::Error> {
    let mut owners = HashMap::new();
    for names in sql::padded(names) {
        let text = query.text(names.len());
        let values = names.into_iter().map(Into::into).collect();
        for row in db.query_all_raw(statement_of(db, text, values)).await? {
            owners.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
    }
    Ok(owners)
}
