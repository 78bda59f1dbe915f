//! The wiring, top to bottom.

use std::sync::Arc;

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tokio::sync::Notify;
use tonic::service::Routes;
use ultramarket_api::payment::v1::payment_service_server::PaymentServiceServer;

use crate::{
    Config, Error, NAME,
    change::Rules,
    events::{Consumer, Waking},
    grpc::Handlers,
    metrics,
    provider::{Providers, sandbox::Sandbox},
    webhook::Webhooks,
    worker::{Settings, Worker},
};

/// Builds the service over its migrated database and starts its background work.
///
/// # Errors
/// When the configured provider is not one of ours, the database is away, or another consumer on the bus has its name.
pub async fn build(context: Context, db: Db, config: Config) -> Result<Service, BuildError> {
    metrics::describe();
    let rules = Rules { backoff: config.backoff(), confirm: config.confirm() };
    let wake = Arc::new(Notify::new());

    let sandbox = Sandbox::start(&context, &db, &config.sandbox).await.map_err(BuildError::of(NAME))?;
    let providers = Providers::new(vec![Arc::new(sandbox)]);
    if providers.find(&config.provider).is_none() {
        let unknown = Error::UnknownProvider { name: config.provider };
        return Err(BuildError::of(NAME)(unknown));
    }

    let settings = Settings {
        rules,
        call_timeout: config.call_timeout(),
        concurrent_calls: config.concurrent_calls.max(1),
        poll: config.poll(),
    };
    let worker = Worker {
        db: db.clone(),
        providers: providers.clone(),
        tasks: context.tasks.clone(),
        wake: Arc::clone(&wake),
        settings,
    };
    context.worker("payment calls", move |stop| worker.clone().run(stop));

    let consumer = Consumer { rules, provider: config.provider };
    let mut subscription = Inbox::new(db.clone(), NAME, Arc::new(consumer)).subscription();
    subscription.handler = Arc::new(Waking { inner: subscription.handler, wake: Arc::clone(&wake) });
    context.bus.subscribe(subscription).await.map_err(BuildError::of(NAME))?;
    context.run_relay(&db);

    let webhooks = Webhooks { db: db.clone(), providers, rules, wake: Arc::clone(&wake) };
    let handlers = Handlers { db, rules, wake, webhooks };
    Ok(Service::new(&context, Routes::new(PaymentServiceServer::new(handlers))))
}
