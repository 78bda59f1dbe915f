//! Putting the service together.

use std::sync::Arc;

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tonic::service::Routes;
use ultramarket_api::identity::v1::identity_service_server::IdentityServiceServer;

use crate::{Config, NAME, app::Identity, events::Events, grpc::Handlers, hasher::Hasher, keys::KeyRing, sweep};

/// Builds the service over its migrated database, and starts its background work.
///
/// # Errors
/// The settings make no sense, the signing keys cannot be read or made, or the bus takes no consumer.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    config.check().map_err(BuildError::misconfigured(NAME))?;
    let hasher = Hasher::new(&config.password).map_err(BuildError::of(NAME))?;
    let keys = KeyRing::open(db.clone(), config.rotation()).await.map_err(BuildError::of(NAME))?;
    let keys = Arc::new(keys);
    let inbox = Inbox::new(db.clone(), NAME, Arc::new(Events));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;

    context.run_messaging(&db);
    let (swept, lockout) = (db.clone(), config.lockout());
    context.worker("session sweeper", move |stop| sweep::run(swept.clone(), lockout, stop));
    let rotated = Arc::clone(&keys);
    context.worker("key rotation", move |stop| Arc::clone(&rotated).maintain(stop));

    let identity = Identity { db, hasher, keys, pages: context.pages.clone(), tasks: context.tasks.clone(), config };
    let server = IdentityServiceServer::new(Handlers(Arc::new(identity)));
    Ok(Service::new(&context, Routes::new(server)))
}
