//! Puts the service together.

use std::{sync::Arc, time::Duration};

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tonic::service::Routes;
use ultramarket_api::cart::v1::cart_service_server::CartServiceServer;

use crate::{
    Config, NAME, carts::Carts, events::Consumer, grpc::Handlers, metrics, prices::PriceList, stock::Availability,
    sweep,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The service over its migrated database, with its background work under way.
///
/// # Errors
/// When another consumer on the bus has its name.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    let ttl = Duration::from_secs(config.price_cache_seconds.into());
    let prices = Arc::new(PriceList::new(context.calls.rpc("catalog"), ttl));
    let availability = Availability::new(context.calls.rpc("inventory"));

    let inbox = Inbox::new(db.clone(), NAME, Arc::new(Consumer));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;
    context.bus.subscribe(Arc::clone(&prices).subscription()).await.map_err(BuildError::of(NAME))?;

    context.run_messaging(&db);
    let (swept, every) = (db.clone(), Duration::from_secs(config.sweep_seconds.max(1).into()));
    let unused_for = DAY * config.guest_cart_days;
    context.worker("guest cart sweep", move |stop| sweep::run(swept.clone(), unused_for, every, stop));

    let handlers = Handlers { carts: Carts::new(db, prices, availability) };
    Ok(Service::new(&context, Routes::new(CartServiceServer::new(handlers))))
}
