//! Keeps the index up to date: commits what was taken, and keeps it equal to the catalogue: at the start, and after
//! the index was lost and begun anew.

use std::{
    error::Error as StdError,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::Backoff;
use service_kit::{Health, Rpc};
use tokio::{sync::Notify, task, time::sleep};
use tokio_util::sync::CancellationToken;
use ultramarket_api::catalog::v1::{ExportProductsRequest, catalog_service_client::CatalogServiceClient};

use crate::{
    Error, NAME,
    index::{self, Change, Index},
    metrics::{self, COMMIT_SECONDS},
};

/// So many products are compared at once.
const BATCH: usize = 500;
/// A commit that takes long is followed by a rest in proportion, so that an import is not spent on commits…
const REST: u32 = 2;
/// …but never by a longer one than this: changes are to be searchable within a second.
const LONGEST_REST: Duration = Duration::from_millis(600);
/// How long after the last commit merges have come to an end.
const SETTLED: Duration = Duration::from_secs(3);
/// How long to wait before the catalogue is asked again.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// Brings changes into the index.
#[derive(Debug)]
pub(crate) struct Follower {
    index: Arc<Index>,
    changed: Notify,
    failed: Notify,
}

impl Follower {
    pub(crate) fn new(index: Arc<Index>) -> Self {
        Self { index, changed: Notify::new(), failed: Notify::new() }
    }

    /// Takes changes; they are searchable after the next commit.
    pub(crate) async fn take(&self, changes: Vec<Change>) -> Result<(), Error> {
        let all = changes.len();
        let taken = self.work(move |index| index.apply(changes)).await?;
        metrics::changes(taken, all);
        if taken > 0 {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Commits what was taken, until the process stops; the rest is committed then.
    pub(crate) async fn commit_when_changed(&self, interval: Duration, stop: CancellationToken) {
        let mut rest = interval;
        let mut settled = true;
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.changed.notified() => {}
                () = stop.cancelled() => {}
                () = sleep(SETTLED), if !settled => {
                    settled = true;
                    self.logged("take over merged segments", self.work(Index::refresh)).await;
                    continue;
                }
            }
            tokio::select! {
                () = sleep(rest) => {}
                () = stop.cancelled() => {}
            }
            let begun = Instant::now();
            self.logged("make changes searchable", self.work(Index::commit)).await;
            ::metrics::histogram!(COMMIT_SECONDS).record(begun.elapsed().as_secs_f64());
            rest = (begun.elapsed() * REST).clamp(interval, LONGEST_REST.max(interval));
            settled = false;
        }
    }

    /// Compares the index with the catalogue, once, and again whenever the index was lost.
    pub(crate) async fn keep_equal(&self, catalog: Rpc, health: Health, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            health.degraded(NAME, "comparing with the catalogue");
            let wait = match self.compare(catalog.clone()).await {
                Ok(()) => {
                    health.ready(NAME);
                    failures = 0;
                    Duration::MAX
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(error = &error as &dyn StdError, "compare with the catalogue");
                    AGAIN.wait(failures)
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = stop.cancelled() => {}
                () = self.failed.notified() => {
                    health.degraded(NAME, "the index was lost");
                    self.logged("begin the index anew", self.work(Index::restore)).await;
                }
            }
        }
    }

    /// Takes what the catalogue has and the index does not, and forgets what the catalogue does not have. Events that
    /// come meanwhile are newer than the export and win.
    async fn compare(&self, catalog: Rpc) -> Result<(), Error> {
        self.index.begin_export();
        let compared = self.export(catalog).await;
        self.index.end_export();
        compared
    }

    async fn export(&self, catalog: Rpc) -> Result<(), Error> {
        let mut forgotten = self.work(Index::product_ids).await?;
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
        self.work(Index::commit).await
    }

    /// Works on the index where it may take its time. After a failure the index is begun anew.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Index) -> Result<T, index::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let index = Arc::clone(&self.index);
        let done = task::spawn_blocking(move || work(&index)).await?;
        done.inspect_err(|_| self.failed.notify_one()).map_err(Error::Index)
    }

    async fn logged(&self, what: &str, work: impl Future<Output = Result<(), Error>>) {
        if let Err(error) = work.await {
            tracing::error!(error = &error as &dyn StdError, "{what}");
        }
    }
}
