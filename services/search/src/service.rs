//! The wiring, top to bottom.

use std::{path::Path, sync::Arc, time::Duration};

use service_kit::{BuildError, Context, Service};
use tokio::task;
use tonic::service::Routes;
use ultramarket_api::search::v1::search_service_server::SearchServiceServer;

use crate::{Config, NAME, events::Consumer, follow::Follower, grpc::Handlers, index::Index, metrics};

/// Builds the service over the index in `directory`, which is made when it is not there, and starts following the
/// catalogue.
///
/// # Errors
/// When the directory is of no use or in use, or another consumer on the bus has its name.
pub async fn build(context: Context, directory: &Path, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    let (directory, facets) = (directory.to_owned(), config.facet_attributes);
    let opened = task::spawn_blocking(move || Index::open(&directory, &facets)).await;
    let index = Arc::new(opened.map_err(BuildError::of(NAME))?.map_err(BuildError::of(NAME))?);

    let follower = Arc::new(Follower::new(Arc::clone(&index)));
    let subscription = Consumer::subscription(Arc::clone(&follower));
    context.bus.subscribe(subscription).await.map_err(BuildError::of(NAME))?;

    let (committer, interval) = (Arc::clone(&follower), Duration::from_millis(config.commit_interval_ms));
    context.worker("search commits", move |stop| {
        let committer = Arc::clone(&committer);
        async move { committer.commit_when_changed(interval, stop).await }
    });
    let (catalog, health) = (context.calls.rpc("catalog"), context.health.clone());
    context.worker("search comparison", move |stop| {
        let (follower, catalog, health) = (Arc::clone(&follower), catalog.clone(), health.clone());
        async move { follower.keep_equal(catalog, health, stop).await }
    });

    let handlers = Handlers { index, pages: context.pages.clone() };
    Ok(Service::new(&context, Routes::new(SearchServiceServer::new(handlers))))
}
