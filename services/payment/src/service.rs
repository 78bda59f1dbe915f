//! The wiring, top to bottom.

use std::sync::Arc;

use db::{Db, Inbox};
use service_kit::{BuildError, Context, Service};
use tonic::service::Routes;
use ultramarket_api::payment::v1::payment_service_server::PaymentServiceServer;

use crate::{
    Config, Error, NAME,
    change::Rules,
    events::Consumer,
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
    let rules = Rules { backoff: config.backoff(), confirm: config.confirm(), wake: Arc::default() };

    let sandbox = Sandbox::start(&context, &db, &config.sandbox).await.map_err(BuildError::of(NAME))?;
    let providers = Providers::new(vec![Arc::new(sandbox)]);
    if providers.find(&config.provider).is_none() {
        let unknown = Error::UnknownProvider { name: config.provider };
        return Err(BuildError::misconfigured(NAME)(unknown));
    }

    let settings = Settings {
        rules: rules.clone(),
        call_timeout: config.call_timeout(),
        concurrent_calls: config.concurrent_calls.max(1),
        poll: config.poll(),
    };
    let worker = Worker { db: db.clone(), providers: providers.clone(), tasks: context.tasks.clone(), settings };
    context.worker("payment calls", move |stop| worker.clone().run(stop));

    let consumer = Consumer { rules: rules.clone(), provider: config.provider };
    let inbox = Inbox::new(db.clone(), NAME, Arc::new(consumer));
    context.bus.subscribe(inbox.subscription()).await.map_err(BuildError::of(NAME))?;
    context.run_messaging(&db);

    let webhooks = Webhooks { db: db.clone(), providers, rules: rules.clone() };
    let handlers = Handlers { db, rules, webhooks };
    Ok(Service::new(&context, Routes::new(PaymentServiceServer::new(handlers))))
}
