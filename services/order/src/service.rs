//! The wiring, top to bottom.

use std::sync::Arc;

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tonic::service::Routes;
use ultramarket_api::order::v1::order_service_server::OrderServiceServer;

use crate::{
    Config, NAME, access::Access, cancel::Cancelling, checkout::Checkout, grpc::Handlers, metrics, place::Placing,
    replies::Replies, store::secrets, timers, token::OrderTokens, watch::Watchers,
};

/// Builds the service over its migrated database and starts its background work.
///
/// # Errors
/// When settings contradict each other, the database is away, or another consumer on the bus has its name.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    config.check().map_err(BuildError::misconfigured(NAME))?;
    let key = secrets::order_token_key(&db).await.map_err(BuildError::of(NAME))?;
    let tokens = OrderTokens::new(key.as_bytes());
    let access = Access::new(tokens.clone());
    let watchers = Watchers::new(config.max_watchers);
    let checkout = Arc::new(Checkout::new(config.patience(), config.hold(), tokens.clone(), watchers.clone()));

    let inbox = Inbox::new(db.clone(), NAME, Arc::new(Replies::new(Arc::clone(&checkout))));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;

    context.run_messaging(&db);
    let (timed, moved, poll) = (db.clone(), Arc::clone(&checkout), config.timer_poll());
    context.worker("saga timers", move |stop| timers::run(timed.clone(), Arc::clone(&moved), poll, stop));

    let handlers = Handlers {
        placing: Placing::new(
            db.clone(),
            context.calls.rpc("cart"),
            context.calls.rpc("catalog"),
            Arc::clone(&checkout),
        ),
        cancelling: Cancelling::new(db.clone(), access.clone(), checkout),
        access,
        tokens,
        watchers,
        pages: context.pages.clone(),
        tasks: context.tasks.clone(),
        config: Arc::new(config),
        db,
    };
    Ok(Service::new(&context, Routes::new(OrderServiceServer::new(handlers))))
}
