//! The whole marketplace in one process: what is shared, then every service, then the edge. Reads as a parts list.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use gateway::Gateway;
use kernel::{PageTokens, SharedClock, SharedIds, SystemClock, SystemIds};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use service_kit::{
    Admin, BuildError, Calls, Context, Contract, Health, Launch, Rpc, Service, Tasks, Verifier, Workload, auth::IdentityKeys,
};
use tokio::net::TcpListener;

use super::{data_dir::DataDir, first_start, stores::Stores};
use crate::{
    config::Settings,
    exit::{Exit, Failure},
    import::credentials::Credentials,
};

const PAGE_TOKEN_KEY: &str = "page-tokens.key";
const PING_EVERY: Duration = Duration::from_secs(1);

/// A running marketplace.
pub struct Running {
    /// Where the public port is.
    pub http: SocketAddr,
    /// Where the operators' port is.
    pub admin: SocketAddr,
    /// What only the first start gives.
    pub(crate) first_start: Option<first_start::Report>,
    shared: Shared,
    stores: Stores,
    gateway: Gateway,
    announce: Duration,
    drain: Duration,
    directory: DataDir,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("http", &self.http).field("admin", &self.admin).finish_non_exhaustive()
    }
}

/// What all parts of the process share.
struct Shared {
    clock: SharedClock,
    ids: SharedIds,
    bus: bus::SharedBus,
    cache: cache::SharedCache,
    contract: Arc<Contract>,
    verifier: Arc<Verifier>,
    calls: Calls,
    tasks: Tasks,
    launch: Launch,
    pages: PageTokens,
    health: Health,
}

impl Shared {
    fn new(settings: &Settings, directory: &DataDir) -> Result<Self, Failure> {
        let clock: SharedClock = Arc::new(SystemClock);
        let calls = Calls::new();
        let keys = IdentityKeys(calls.of(Workload::GATEWAY).rpc(identity::NAME));
        Ok(Self {
            ids: Arc::new(SystemIds),
            bus: bus::connect("memory://").map_err(|error| broken(&error))?,
            cache: cache::connect("shared", "memory://").map_err(|error| broken(&error))?,
            contract: Arc::new(Contract::ultramarket()),
            verifier: Arc::new(Verifier::new(settings.identity.issuer.clone(), Arc::clone(&clock), keys)),
            calls,
            tasks: Tasks::new(),
            launch: Launch::new(),
            pages: PageTokens::new(directory.secret(PAGE_TOKEN_KEY)?.as_bytes()),
            health: Health::new(),
            clock,
        })
    }

    fn context(&self, name: &'static str) -> Context {
        Context {
            name,
            bus: Arc::clone(&self.bus),
            cache: Arc::clone(&self.cache),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            contract: Arc::clone(&self.contract),
            verifier: Arc::clone(&self.verifier),
            calls: self.calls.of(name),
            tasks: self.tasks.clone(),
            launch: self.launch.clone(),
            pages: self.pages.clone(),
            health: self.health.clone(),
        }
    }
}

/// Starts the marketplace. Ports are bound first, so that a taken one is told before anything is touched.
///
/// # Errors
/// A port or the data directory is taken, a database does not fit, or a part cannot be built.
pub async fn start(settings: &Settings) -> Result<Running, Failure> {
    let http = bind(settings.http.address, "http.address", "--http").await?;
    let admin = bind(settings.admin.address, "admin.address", "--admin").await?;
    let directory = DataDir::open(&settings.data_dir)?;
    let shared = Shared::new(settings, &directory)?;

    let stores = Stores::open(&directory, &shared.clock, &shared.ids).await?;
    stores.migrate().await?;
    let credentials = first_start::administrator(&directory, &stores).await?;

    for service in build_services(settings, &shared, &stores, &directory).await.map_err(|error| broken(&error))? {
        shared.calls.register(service.name(), service.rpc());
    }
    shared.launch.open();
    watch_databases(&shared, &stores);

    let admin = Admin::new(shared.health.clone(), recorder()).serve(admin, &shared.tasks).map_err(|error| broken(&error))?;
    let upstreams = upstreams(&shared).await;
    let gateway = Gateway::build(
        settings.gateway.clone(),
        Arc::clone(&shared.contract),
        upstreams,
        Arc::clone(&shared.verifier),
        shared.health.clone(),
    )
    .map_err(|error| broken(&error))?;
    let first_start = match credentials {
        Some(credentials) => Some(first_start::report(credentials, settings.sample, &services(&shared)).await?),
        None => None,
    };
    let http = gateway.serve(http, &shared.tasks).map_err(|error| broken(&error))?;
    Ok(Running {
        http,
        admin,
        first_start,
        shared,
        stores,
        gateway,
        announce: Duration::from_secs(settings.shutdown.announce_seconds),
        drain: Duration::from_secs(settings.shutdown.drain_seconds),
        directory,
    })
}

async fn build_services(
    settings: &Settings,
    shared: &Shared,
    stores: &Stores,
    directory: &DataDir,
) -> Result<Vec<Service>, BuildError> {
    let part = |name| (shared.context(name), stores.of(name).clone());
    let mut services = Vec::new();
    let (context, db) = part(identity::NAME);
    services.push(identity::build(context, db, settings.identity.clone()).await?);
    let (context, db) = part(user::NAME);
    services.push(user::build(context, db, settings.user.clone()).await?);
    let (context, db) = part(catalog::NAME);
    services.push(catalog::build(context, db, settings.catalog.clone()).await?);
    let (context, db) = part(inventory::NAME);
    services.push(inventory::build(context, db, settings.inventory.clone()).await?);
    let (context, db) = part(cart::NAME);
    services.push(cart::build(context, db, settings.cart.clone()).await?);
    let (context, db) = part(order::NAME);
    services.push(order::build(context, db, settings.order.clone()).await?);
    let (context, db) = part(payment::NAME);
    services.push(payment::build(context, db, settings.payment.clone()).await?);
    let (context, db) = part(notification::NAME);
    services.push(notification::build(context, db, settings.notification.clone()).await?);
    services.push(search::build(shared.context(search::NAME), &directory.join("search"), settings.search.clone()).await?);
    Ok(services)
}

impl Running {
    /// Stops: says so, finishes what is under way, and closes. Tells whether everything ended in time.
    pub async fn shutdown(self) -> bool {
        self.shared.health.not_ready("process", "stopping");
        tokio::time::sleep(self.announce).await;
        let drained = self.gateway.drain(self.drain).await;
        let ended = self.shared.tasks.shutdown(self.drain).await;
        self.stores.close().await;
        tracing::info!(data_dir = %self.directory.path().display(), "stopped");
        drained && ended
    }

    /// The administrator's credentials, on the first start.
    pub fn administrator(&self) -> Option<(&str, &str)> {
        let Credentials { email, password } = &self.first_start.as_ref()?.credentials;
        Some((email, password))
    }
}
