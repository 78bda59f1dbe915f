//! Products that are read often, kept near.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use cache::SharedCache;

use crate::snapshot::{Head, Snapshot};

/// Keeps products as they were read. A change in this process is seen at once, one of another replica after the
/// time to live.
#[derive(Debug)]
pub(crate) struct Hot {
    cache: SharedCache,
    ttl: Duration,
    changes: AtomicU64,
}

/// A moment between changes: what was read after it and is kept before the next change is current.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(u64);

impl Hot {
    pub(crate) fn new(cache: SharedCache, ttl: Duration) -> Self {
        Self { cache, ttl, changes: AtomicU64::new(0) }
    }

    /// The product, if it is kept.
    pub(crate) async fn get(&self, id: &str) -> Option<Snapshot> {
        Some(Snapshot::from_stored(self.cache.get(&by_id(id)).await?))
    }

    /// The id of the product that had the slug when it was read last. It may have another one by now.
    pub(crate) async fn id_of(&self, slug: &str) -> Option<String> {
        String::from_utf8(self.cache.get(&by_slug(slug)).await?.to_vec()).ok()
    }

    /// To be taken before a product is read that shall be kept.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.changes.load(Ordering::SeqCst))
    }

    /// Keeps a product that was read after `mark`.
    pub(crate) async fn keep(&self, mark: Mark, head: &Head, snapshot: &Snapshot) {
        if self.ttl.is_zero() {
            return;
        }
        let key = by_id(&head.product_id);
        self.cache.set(&key, snapshot.bytes().clone(), self.ttl).await;
        self.cache.set(&by_slug(&head.slug), head.product_id.clone().into(), self.ttl).await;
        // A change since then has removed what was kept before, but not this.
        if self.changes.load(Ordering::SeqCst) != mark.0 {
            self.cache.remove(&key).await;
        }
    }

    /// Forgets products that have just been changed.
    pub(crate) async fn forget(&self, ids: &[&str]) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        for id in ids {
            self.cache.remove(&by_id(id)).await;
        }
    }
}

fn by_id(id: &str) -> String {
    format!("catalog/product/{id}")
}

fn by_slug(slug: &str) -> String {
    format!("catalog/slug/{slug}")
}
