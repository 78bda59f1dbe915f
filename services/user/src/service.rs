//! Putting the service together.

use std::sync::Arc;

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tonic::service::Routes;
use ultramarket_api::user::v1::user_service_server::UserServiceServer;

use crate::{Config, NAME, app::Users, events::Events, grpc::Handlers};

/// Builds the service over its migrated database, and starts its background work.
///
/// # Errors
/// The settings make no sense, or the bus takes no consumer.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    config.check().map_err(BuildError::misconfigured(NAME))?;
    let inbox = Inbox::new(db.clone(), NAME, Arc::new(Events));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;

    context.run_messaging(&db);

    let users = Users { db, pages: context.pages.clone(), config };
    let server = UserServiceServer::new(Handlers(Arc::new(users)));
    Ok(Service::new(&context, Routes::new(server)))
}
