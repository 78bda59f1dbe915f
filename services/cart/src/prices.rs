//! What the catalogue says of SKUs, kept for a moment.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bus::{HandleError, Handler, Message, Subscription};
use moka::sync::Cache;
use prost::Name;
use service_kit::Rpc;
use ultramarket_api::catalog::{
    events::v1::{ProductChanged, ProductDeleted},
    v1::{BatchGetVariantsRequest, SaleableVariant, catalog_service_client::CatalogServiceClient},
};

use crate::Error;

/// How many SKUs are kept, and how many changes of products are remembered.
const CAPACITY: u64 = 20_000;

/// How many SKUs the catalogue takes at once: as many as a cart has lines, and then one is to be added.
const MAX_BATCH: usize = 200;

/// What the catalogue says of SKUs that it was asked about.
#[derive(Debug, Default)]
pub(crate) struct Prices(HashMap<String, Option<Arc<SaleableVariant>>>);

impl Prices {
    /// What is for sale under the SKU.
    pub(crate) fn get(&self, sku: &str) -> Option<&SaleableVariant> {
        self.0.get(sku)?.as_deref()
    }

    /// Whether the catalogue was asked about the SKU.
    pub(crate) fn has_answer(&self, sku: &str) -> bool {
        self.0.contains_key(sku)
    }

    /// Takes more answers in.
    pub(crate) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    #[cfg(test)]
    pub(crate) fn for_test(variants: impl IntoIterator<Item = SaleableVariant>) -> Self {
        Self(variants.into_iter().map(|variant| (variant.sku.clone(), Some(Arc::new(variant)))).collect())
    }
}

/// Asks the catalogue.
///
/// An entry counts only if it was asked for after the last known change of its product, so that an answer that was
/// under way when the product changed is not taken for the new state. Changes come by event; one that another replica
/// heard of is noticed when the entry is too old.
pub(crate) struct PriceList {
    catalog: CatalogServiceClient<Rpc>,
    kept: Option<Cache<String, Kept>>,
    changed: Cache<String, u64>,
    changes: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    variant: Arc<SaleableVariant>,
    /// How many changes had been heard of when it was asked for.
    asked: u64,
}

impl fmt::Debug for PriceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriceList").finish_non_exhaustive()
    }
}

impl PriceList {
    /// Over the catalogue, keeping entries for `ttl`; none if it is zero.
    pub(crate) fn new(catalog: Rpc, ttl: Duration) -> Self {
        let builder = || Cache::builder().max_capacity(CAPACITY);
        Self {
            catalog: CatalogServiceClient::new(catalog),
            kept: (!ttl.is_zero()).then(|| builder().time_to_live(ttl).build()),
            // A change must be remembered for as long as an entry from before it may be kept.
            changed: Cache::builder().max_capacity(CAPACITY).time_to_live(ttl.max(Duration::from_secs(1)) * 2).build(),
            changes: AtomicU64::new(0),
        }
    }

    /// What is for sale under the SKUs.
    pub(crate) async fn of<'a>(&self, skus: impl IntoIterator<Item = &'a str>) -> Result<Prices, Error> {
        let mut answers: HashMap<String, Option<Arc<SaleableVariant>>> = HashMap::new();
        let mut unknown = Vec::new();
        for sku in skus {
            // Once for each SKU: what is kept may end between two looks.
            if answers.contains_key(sku) {
                continue;
            }
            let kept = self.kept(sku);
            if kept.is_none() {
                unknown.push(sku.to_owned());
            }
            answers.insert(sku.to_owned(), kept);
        }
        if !unknown.is_empty() {
            let asked = self.changes.load(Ordering::SeqCst);
            for variant in self.ask(unknown).await? {
                let (sku, variant) = (variant.sku.clone(), Arc::new(variant));
                if let Some(kept) = &self.kept {
                    kept.insert(sku.clone(), Kept { variant: Arc::clone(&variant), asked });
                }
                answers.insert(sku, Some(variant));
            }
        }
        Ok(Prices(answers))
    }

    fn kept(&self, sku: &str) -> Option<Arc<SaleableVariant>> {
        let kept = self.kept.as_ref()?.get(sku)?;
        let changed = self.changed.get(&kept.variant.product_id).unwrap_or(0);
        (changed <= kept.asked).then_some(kept.variant)
    }

    async fn ask(&self, skus: Vec<String>) -> Result<Vec<SaleableVariant>, Error> {
        let mut variants = Vec::with_capacity(skus.len());
        for skus in skus.chunks(MAX_BATCH) {
            let request = BatchGetVariantsRequest { skus: skus.to_vec() };
            let reply = self.catalog.clone().batch_get_variants(request).await;
            variants.extend(reply.map_err(|status| Error::Catalog(Box::new(status)))?.into_inner().variants);
        }
        Ok(variants)
    }

    fn product_changed(&self, product_id: &str) {
        let change = self.changes.fetch_add(1, Ordering::SeqCst) + 1;
        self.changed.insert(product_id.to_owned(), change);
    }

    /// Hears of changes. There is nothing to remember of a message: forgetting twice is forgetting.
    pub(crate) fn subscription(self: Arc<Self>) -> Subscription {
        let kinds = vec![ProductChanged::full_name(), ProductDeleted::full_name()];
        Subscription { consumer: "cart prices", kinds, handler: self }
    }
}

#[async_trait]
impl Handler for PriceList {
    /// The aggregate of both events is the product.
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        for message in messages {
            self.product_changed(&message.aggregate);
        }
        Ok(())
    }

    async fn park(&self, _: &Message, _: &HandleError) -> Result<(), HandleError> {
        Ok(())
    }
}
