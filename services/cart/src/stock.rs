//! What inventory says is available. Carts go on without it: an order asks again, and holds what it gets.

use std::{fmt, time::Duration};

use service_kit::Rpc;
use ultramarket_api::inventory::v1::{BatchGetStockRequest, inventory_service_client::InventoryServiceClient};

use crate::{domain::pricing::Stock, metrics::STOCK_UNKNOWN};

/// A cart is not kept waiting longer for what it can do without.
const PATIENCE: Duration = Duration::from_millis(500);

/// Asks inventory.
pub(crate) struct Availability(InventoryServiceClient<Rpc>);

impl fmt::Debug for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Availability")
    }
}

impl Availability {
    pub(crate) fn new(inventory: Rpc) -> Self {
        Self(InventoryServiceClient::new(inventory))
    }

    /// How many are available of each SKU that inventory knows; nothing if it does not answer.
    pub(crate) async fn of(&self, skus: Vec<String>) -> Stock {
        if skus.is_empty() {
            return None;
        }
        let mut inventory = self.0.clone();
        let reply = tokio::time::timeout(PATIENCE, inventory.batch_get_stock(BatchGetStockRequest { skus })).await;
        match reply {
            Ok(Ok(reply)) => {
                Some(reply.into_inner().stock.into_iter().map(|stock| (stock.sku, stock.available)).collect())
            }
            Ok(Err(status)) => unknown(&status.to_string()),
            Err(_) => unknown("no answer in time"),
        }
    }
}

fn unknown(why: &str) -> Stock {
    metrics::counter!(STOCK_UNKNOWN).increment(1);
    tracing::debug!(why, "inventory did not answer, showing a cart without stock problems");
    None
}
