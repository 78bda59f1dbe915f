//! Adjusting stock: who may, and how counters and ledger change together.

use std::{collections::HashMap, sync::Arc};

use db::{Db, Tx, idempotency::Claim};
use kernel::Timestamp;
use service_kit::{Caller, Rpc, idempotent};
use ultramarket_api::catalog::v1::{BatchGetVariantsRequest, catalog_service_client::CatalogServiceClient};

use crate::{
    Error,
    domain::{Adjustment, Change, Level, MovementKind},
    store::{
        movement,
        stock::{self, Listing},
    },
};

/// What the catalog answers at once.
const LOOKUP: usize = 200;

/// Adjusts stock on behalf of callers.
#[derive(Clone)]
pub(crate) struct Adjuster {
    db: Db,
    catalog: CatalogServiceClient<Rpc>,
}

impl Adjuster {
    pub(crate) fn new(db: Db, catalog: Rpc) -> Self {
        Self { db, catalog: CatalogServiceClient::new(catalog) }
    }

    /// Makes all adjustments or none, and stores what `reply` makes of the rows as the reply to the claim.
    pub(crate) async fn adjust<P: prost::Message>(
        &self,
        caller: &Caller,
        claim: Arc<Claim>,
        adjustments: Vec<Adjustment>,
        reply: impl Fn(&[stock::Model]) -> P + Send + Sync,
    ) -> Result<P, Error> {
        let skus: Vec<String> = adjustments.iter().map(|adjustment| adjustment.sku.clone()).collect();
        self.learn(&skus).await?;
        let (adjustments, skus, reply, claim) = (&adjustments, &skus, &reply, &*claim);
        self.db
            .write(|tx| {
                Box::pin(async move {
                    let rows = stock::lock_all(&**tx, skus).await?;
                    let rows = check_owner(caller, skus, rows)?;
                    let rows = apply(tx, adjustments, rows).await?;
                    let message = reply(&rows);
                    idempotent::complete(claim, tx, &message).await.map_err(Error::Key)?;
                    Ok(message)
                })
            })
            .await
    }

    /// Asks the catalog for SKUs whose ProductChanged has not arrived yet.
    async fn learn(&self, skus: &[String]) -> Result<(), Error> {
        let known = stock::find_all(self.db.reader(), skus).await?;
        let unknown: Vec<&String> = skus.iter().filter(|sku| !known.iter().any(|row| row.sku == **sku)).collect();
        for chunk in unknown.chunks(LOOKUP) {
            let request = BatchGetVariantsRequest { skus: chunk.iter().map(|sku| (*sku).clone()).collect() };
            let reply = self.catalog.clone().batch_get_variants(request).await;
            let variants = reply.map_err(|status| Error::Catalog(Box::new(status)))?.into_inner().variants;
            let listings: Vec<Listing> = variants
                .into_iter()
                .map(|variant| Listing {
                    sku: variant.sku,
                    product_id: variant.product_id,
                    seller_id: variant.seller_id,
                })
                .collect();
            let listings = &listings;
            self.db.write(|tx| Box::pin(async move { stock::list(&**tx, listings.clone(), tx.now()).await })).await?;
        }
        Ok(())
    }
}

/// The rows in the order asked for, if the caller may touch all of them. What belongs to somebody else does not exist.
pub(crate) fn check_owner(
    caller: &Caller,
    skus: &[String],
    rows: Vec<stock::Model>,
) -> Result<Vec<stock::Model>, Error> {
    let account = caller.account()?;
    let mut by_sku: HashMap<String, stock::Model> = rows
        .into_iter()
        .filter(|row| caller.is_admin() || row.seller_id == account.id)
        .map(|row| (row.sku.clone(), row))
        .collect();
    skus.iter().map(|sku| by_sku.remove(sku).ok_or_else(|| Error::SkuNotFound { sku: sku.clone() })).collect()
}

async fn apply(tx: &Tx, adjustments: &[Adjustment], rows: Vec<stock::Model>) -> Result<Vec<stock::Model>, Error> {
    let mut changed = Vec::with_capacity(rows.len());
    let mut movements = Vec::with_capacity(rows.len());
    for (adjustment, row) in adjustments.iter().zip(rows) {
        let on_hand = adjustment.change.apply(&Level::from(&row))?;
        let delta = on_hand - row.on_hand;
        let skipped = row.touched && matches!(adjustment.change, Change::Initial(_));
        if !skipped {
            movements.push(movement::New {
                sku: &adjustment.sku,
                kind: MovementKind::Adjusted,
                on_hand: delta,
                reserved: 0,
                order_id: "",
                reason: &adjustment.reason,
            });
        }
        changed.push(adjusted(row, on_hand, tx.now()));
    }
    stock::set_on_hand(tx, &changed).await?;
    movement::insert(tx, tx.ids(), tx.now(), movements).await?;
    Ok(changed)
}

fn adjusted(row: stock::Model, on_hand: i64, now: Timestamp) -> stock::Model {
    stock::Model { on_hand, touched: true, updated_at: now.micros(), ..row }
}
