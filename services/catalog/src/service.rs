//! Puts the service together.

use std::{sync::Arc, time::Duration};

use db::Db;
use service_kit::{BuildError, Context, Service};
use tonic::service::Routes;

use crate::{
    Config,
    app::{categories::Categories, import::Importer, list::Lists, products::Products},
    grpc::{Catalog, Server},
    hot::Hot,
    metrics,
};

/// The service over its migrated database, with its background work under way.
///
/// # Errors
/// None at present; services are built alike.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    let ttl = Duration::from_secs(config.product_cache_seconds.into());
    let hot = Arc::new(Hot::new(Arc::clone(&context.cache), ttl));
    let importer = Importer {
        db: db.clone(),
        clock: Arc::clone(&context.clock),
        ids: Arc::clone(&context.ids),
        hot: Arc::clone(&hot),
        contract: Arc::clone(&context.contract),
        batch: config.import_batch.max(1).into(),
    };
    let catalog = Catalog {
        products: Products::new(db.clone(), Arc::clone(&context.ids), hot),
        lists: Lists::new(db.clone(), context.pages.clone()),
        categories: Categories::new(db.clone(), Arc::clone(&context.ids)),
        importer,
    };

    context.run_messaging(&db);

    Ok(Service::new(&context, Routes::new(Server::new(catalog))))
}
