//! What comes over the bus, and what is answered.
//!
//! | message | effect | answer |
//! |---|---|---|
//! | `catalog.ProductChanged` | SKUs become known, with who sells them | – |
//! | `ReserveStock` | all lines are held, or none | `StockReserved` or `StockRejected` |
//! | `CommitStock` | what is held is sold | `StockCommitted` or `StockCommitFailed` |
//! | `ReleaseStock` | what is held or sold is given back | `StockReleased` |
//!
//! Effects are idempotent by order, and the inbox lets each message take effect once.

use bus::Message;
use db::{Apply, Tx};
use prost::{Message as _, Name};
use service_kit::wire::moment;
use tonic::codegen::async_trait;
use ultramarket_api::{
    catalog::events::v1::ProductChanged,
    inventory::events::v1::{
        CommitStock, ReleaseStock, ReserveStock, Shortage, StockCommitFailed, StockCommitted, StockRejected,
        StockReleased, StockReserved,
    },
};

use crate::{
    Error,
    domain::Line,
    hold::{self, Reserved},
    store::stock::{self, Listing},
};

/// Applies messages to stock.
pub(crate) struct Consumer;

#[async_trait]
impl Apply for Consumer {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![
            ProductChanged::full_name(),
            ReserveStock::full_name(),
            CommitStock::full_name(),
            ReleaseStock::full_name(),
        ]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let payload = message.payload.clone();
        match message.kind.as_str() {
            kind if kind == ProductChanged::full_name() => product_changed(tx, ProductChanged::decode(payload)?).await,
            kind if kind == ReserveStock::full_name() => reserve(tx, ReserveStock::decode(payload)?).await,
            kind if kind == CommitStock::full_name() => commit(tx, CommitStock::decode(payload)?).await,
            kind if kind == ReleaseStock::full_name() => release(tx, ReleaseStock::decode(payload)?).await,
            _ => Ok(()),
        }
    }
}

async fn product_changed(tx: &Tx, event: ProductChanged) -> Result<(), Error> {
    let product = event.product.unwrap_or_default();
    let listings = product.variants.into_iter().map(|variant| Listing {
        sku: variant.sku,
        product_id: product.product_id.clone(),
        seller_id: product.seller_id.clone(),
    });
    stock::list(tx, listings.collect(), tx.now()).await
}

async fn reserve(tx: &Tx, command: ReserveStock) -> Result<(), Error> {
    let order_id = command.order_id;
    let expires = command.expire_time.as_ref().map_or_else(|| tx.now(), moment);
    let lines = command.lines.into_iter().map(|line| Line { sku: line.sku, quantity: i64::from(line.quantity) });
    match hold::reserve(tx, &order_id, lines.collect(), expires).await? {
        Reserved::Held => tx.emit(&order_id, &StockReserved { order_id: order_id.clone() }).await?,
        Reserved::Short(shortages) => {
            let shortages = shortages.into_iter().map(|line| Shortage {
                sku: line.sku,
                requested: line.requested,
                available: line.available,
            });
            let answer = StockRejected { order_id: order_id.clone(), shortages: shortages.collect() };
            tx.emit(&order_id, &answer).await?;
        }
    }
    Ok(())
}

async fn commit(tx: &Tx, command: CommitStock) -> Result<(), Error> {
    let order_id = command.order_id;
    if hold::commit(tx, &order_id).await? {
        tx.emit(&order_id, &StockCommitted { order_id: order_id.clone() }).await?;
    } else {
        tx.emit(&order_id, &StockCommitFailed { order_id: order_id.clone() }).await?;
    }
    Ok(())
}

async fn release(tx: &Tx, command: ReleaseStock) -> Result<(), Error> {
    let order_id = command.order_id;
    hold::release(tx, &order_id).await?;
    tx.emit(&order_id, &StockReleased { order_id: order_id.clone() }).await?;
    Ok(())
}
