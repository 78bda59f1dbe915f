//! The wiring, top to bottom.

use std::sync::Arc;

use db::{Db, Inbox};
use lettre::message::Mailbox;
use service_kit::{BuildError, Context, Service};
use tokio::sync::Notify;
use tonic::service::Routes;
use ultramarket_api::notification::v1::notification_service_server::NotificationServiceServer;

use crate::{Config, NAME, domain::letter::House, events::Consumer, grpc::Handlers, mailer, metrics, postman::Postman};

/// Builds the service over its migrated database and starts its background work.
///
/// # Errors
/// When a mailer or the sender's address cannot be understood, or another consumer on the bus has its name.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    let wake = Arc::new(Notify::new());

    let from: Mailbox = config.from.parse().map_err(BuildError::misconfigured(NAME))?;
    let primary = mailer::connect(&config.mail_url).map_err(BuildError::misconfigured(NAME))?;
    let fallback = match config.fallback_mail_url.as_str() {
        "" => None,
        url => Some(mailer::connect(url).map_err(BuildError::misconfigured(NAME))?),
    };
    let postman = Postman {
        db: db.clone(),
        primary,
        fallback,
        from,
        wake: Arc::clone(&wake),
        poll: config.poll(),
        backoff: config.backoff(),
        give_up: config.give_up(),
    };
    context.worker("postman", move |stop| postman.clone().run(stop));

    let house = House { shop_name: config.shop_name, public_url: config.public_url };
    let inbox = Inbox::new(db.clone(), NAME, Arc::new(Consumer { house, wake }));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;
    context.run_messaging(&db);

    let handlers = Handlers { db, pages: context.pages.clone() };
    Ok(Service::new(&context, Routes::new(NotificationServiceServer::new(handlers))))
}
