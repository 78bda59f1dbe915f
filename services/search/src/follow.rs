//! Keeps the index up to date: commits what was taken, and compares it with the catalogue at the start.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::Backoff;
use service_kit::{Health, Rpc};
use tokio::{sync::Notify, task};
use tokio_util::sync::CancellationToken;
use ultramarket_api::catalog::v1::{ExportProductsRequest, catalog_service_client::CatalogServiceClient};

use crate::{
    Error, NAME,
    index::{Change, Index},
    metrics::{self, COMMIT_SECONDS},
};

/// So many products are compared at once.
const BATCH: usize = 500;
/// A commit that takes long is followed by a rest in proportion, so that an import is not spent on commits…
const REST: u32 = 2;
/// …but never by a longer one than this: changes are to be searchable within a second.
const LONGEST_REST: Duration = Duration::from_millis(600);
/// How long to wait before the catalogue is asked again.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// Brings changes into the index.
#[derive(Debug)]
pub(crate) struct Follower {
    index: Arc<Index>,
    changed: Notify,
}

impl Follower {
    pub(crate) fn new(index: Arc<Index>) -> Self {
        Self { index, changed: Notify::new() }
    }

    /// Takes changes; they are searchable after the next commit.
    pub(crate) async fn take(&self, changes: Vec<Change>) -> Result<(), Error> {
        let all = changes.len();
        let index = Arc::clone(&self.index);
        let taken = task::spawn_blocking(move || index.apply(changes)).await??;
        metrics::changes(taken, all);
        if taken > 0 {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Commits what was taken, until the process stops; the rest is committed then.
    pub(crate) async fn commit_when_changed(&self, interval: Duration, stop: CancellationToken) {
        let mut rest = interval;
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.changed.notified() => {}
                () = stop.cancelled() => {}
            }
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled() => {}
            }
            let begun = Instant::now();
            if let Err(error) = self.commit().await {
                tracing::error!(error = &error as &dyn std::error::Error, "make changes searchable");
                self.changed.notify_one();
            }
            rest = (begun.elapsed() * REST).clamp(interval, LONGEST_REST.max(interval));
        }
    }

    async fn commit(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let index = Arc::clone(&self.index);
        task::spawn_blocking(move || index.commit()).await??;
        ::metrics::histogram!(COMMIT_SECONDS).record(begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Compares the index with the catalogue once, however often the catalogue has to be asked.
    pub(crate) async fn compare(&self, catalog: Rpc, health: Health, stop: CancellationToken) {
        health.degraded(NAME, "comparing with the catalogue");
        let mut failures = 0;
        while !stop.is_cancelled() {
            match self.compare_once(catalog.clone()).await {
                Ok(()) => {
                    health.ready(NAME);
                    return stop.cancelled().await;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(error = &error as &dyn std::error::Error, "compare with the catalogue");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN.wait(failures)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Takes what the catalogue has and the index does not, and forgets what the catalogue does not have. Events that
    /// come meanwhile are newer than the export and win.
    async fn compare_once(&self, catalog: Rpc) -> Result<(), Error> {
        self.index.begin_export();
        let compared = self.export(catalog).await;
        self.index.end_export();
        compared
    }

    async fn export(&self, catalog: Rpc) -> Result<(), Error> {
        let mut forgotten = self.index.product_ids()?;
        let failed = |status| Error::Catalog(Box::new(status));
        let call = CatalogServiceClient::new(catalog).export_products(ExportProductsRequest {}).await;
        let mut products = call.map_err(failed)?.into_inner();
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(product) = products.message().await.map_err(failed)? {
            forgotten.remove(&product.product_id);
            batch.push(Change::Seen(Box::new(product)));
            if batch.len() == BATCH {
                self.take(std::mem::take(&mut batch)).await?;
            }
        }
        batch.extend(forgotten.into_iter().map(Change::Forget));
        self.take(batch).await?;
        self.commit().await
    }
}
