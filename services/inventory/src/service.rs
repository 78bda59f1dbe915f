//! The wiring, top to bottom.

use std::{sync::Arc, time::Duration};

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use ultramarket_api::inventory::v1::inventory_service_server::InventoryServiceServer;

use crate::{
    Config, NAME, adjust::Adjuster, error::Error, events::Consumer, grpc::Handlers, hold, metrics, store::reservation,
};

/// Builds the service over its migrated database and starts its background work.
///
/// # Errors
/// When another consumer on the bus has its name.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    let inbox = Inbox::new(db.clone(), NAME, Arc::new(Consumer));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;

    context.run_messaging(&db);
    let (swept, every) = (db.clone(), Duration::from_secs(config.expiry_sweep_seconds));
    context.worker("reservation expiry", move |stop| expire_reservations(swept.clone(), every, stop));

    let handlers = Handlers {
        adjuster: Adjuster::new(db.clone(), context.calls.rpc("catalog")),
        pages: context.pages.clone(),
        db,
    };
    Ok(Service::new(&context, Routes::new(InventoryServiceServer::new(handlers))))
}

async fn expire_reservations(db: Db, every: Duration, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = sweep(&db).await {
            tracing::warn!(error = %error, "expire reservations");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn sweep(db: &Db) -> Result<(), Error> {
    loop {
        let orders = reservation::expired(db.reader(), db.clock().now()).await?;
        if orders.is_empty() {
            return Ok(());
        }
        for order_id in &orders {
            db.write(|tx| Box::pin(hold::expire(tx, order_id))).await?;
        }
    }
}
