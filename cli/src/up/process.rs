//! The whole marketplace in one process: what is shared, then every service, then the edge. Reads as a parts list.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use gateway::{Auth, Gateway, Parts};
use kernel::{PageTokens, SharedClock, SharedIds, SystemClock, SystemIds};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use service_kit::{
    Admin, BuildError, Calls, Context, Contract, Health, Launch, Rpc, Service, Tasks, Verifier, Workload,
    auth::IdentityKeys,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{data_dir::DataDir, first_start, stores::Stores};
use crate::{
    config::Settings,
    exit::{Exit, Failure},
    import::credentials::Credentials,
};

const PAGE_TOKEN_KEY: &str = "page-tokens.key";
const PING_EVERY: Duration = Duration::from_secs(1);
/// What background work has to end when calls took all the time there was.
const LEAST_FOR_TASKS: Duration = Duration::from_secs(5);

/// A running marketplace.
pub struct Running {
    /// Where the public port is.
    pub http: SocketAddr,
    /// Where the operators' port is.
    pub admin: SocketAddr,
    /// The administrator that was made by this start.
    pub(crate) administrator: Option<Credentials>,
    /// How many products of the sample catalogue were loaded by this start.
    pub(crate) sample: Option<u64>,
    shared: Shared,
    stores: Stores,
    edge: Edge,
    announce: Duration,
    drain: Duration,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("http", &self.http).field("admin", &self.admin).finish_non_exhaustive()
    }
}

/// What all parts of the process share.
pub(crate) struct Shared {
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
    LazyLock::force(&METRICS);
    let http = bind(settings.gateway.address, "--http").await?;
    let admin = bind(settings.admin.address, "--admin").await?;
    let settings = &completed(settings, http.local_addr().map_err(|error| broken(&error))?);
    let directory = DataDir::open(&settings.data_dir)?;
    let shared = Shared::new(settings, &directory)?;
    let gateway = build_gateway(settings.gateway.clone(), &shared).await?;
    for describe in
        [service_kit::metrics::describe, db::metrics::describe, bus::metrics::describe, cache::metrics::describe]
    {
        describe();
    }

    let stores = Stores::open(directory, &shared.clock, &shared.ids).await?;
    stores.migrate().await?;
    stores.free_abandoned_keys().await?;
    let administrator = first_start::administrator(&stores, settings).await?;

    for service in build_services(settings, &shared, &stores).await.map_err(|error| unbuilt(&error))? {
        shared.calls.register(service.name(), service.rpc());
    }
    shared.launch.open();
    watch_databases(&shared, &stores);

    let admin = Admin::new(shared.health.clone(), METRICS.clone())
        .serve(admin, &shared.tasks)
        .map_err(|error| broken(&error))?;
    let sample = match settings.sample {
        true => first_start::sample(&stores, administrator.as_ref(), &shared.calls).await?,
        false => None,
    };
    let drain = Duration::from_secs(settings.shutdown.drain_seconds);
    let (http, edge) = Edge::open(gateway, http, drain, &shared.tasks)?;
    Ok(Running {
        http,
        admin,
        administrator,
        sample,
        shared,
        stores,
        edge,
        announce: Duration::from_secs(settings.shutdown.announce_seconds),
        drain,
    })
}

/// The edge over the services of this process, under the names that the contract gives them.
///
/// # Errors
/// A setting or a route makes no sense.
pub(crate) async fn build_gateway(config: gateway::Config, shared: &Shared) -> Result<Gateway, Failure> {
    let edge = shared.calls.of(Workload::GATEWAY);
    let names: BTreeSet<&str> = shared.contract.methods().map(|method| method.service.as_str()).collect();
    let mut upstreams: HashMap<String, Rpc> = names
        .iter()
        .filter_map(|name| SERVICES.iter().find(|service| domain(name) == Some(service)).map(|service| (name, service)))
        .map(|(name, service)| ((*name).to_owned(), edge.rpc(service)))
        .collect();
    let health = service_kit::grpc_health(&names.into_iter().collect::<Vec<_>>()).await;
    upstreams.insert("grpc.health.v1.Health".to_owned(), health);
    let parts = Parts {
        contract: Arc::clone(&shared.contract),
        upstreams,
        auth: Auth::Verify(Arc::clone(&shared.verifier)),
        health: shared.health.clone(),
        ids: Arc::clone(&shared.ids),
        tasks: shared.tasks.clone(),
    };
    Gateway::build(config, parts).map_err(|error| Failure::new(Exit::Config, error.to_string()))
}

/// Every service, by the name of its domain in the contract.
const SERVICES: [&str; 9] = [
    identity::NAME,
    user::NAME,
    catalog::NAME,
    inventory::NAME,
    cart::NAME,
    order::NAME,
    payment::NAME,
    notification::NAME,
    search::NAME,
];

/// `order` of `ultramarket.order.v1.OrderService`.
fn domain(service: &str) -> Option<&str> {
    service.split('.').nth(1)
}

/// The open public port.
struct Edge {
    stop: CancellationToken,
    served: JoinHandle<Option<()>>,
}

impl Edge {
    fn open(
        gateway: Gateway,
        listener: TcpListener,
        drain: Duration,
        tasks: &Tasks,
    ) -> Result<(SocketAddr, Self), Failure> {
        let address = listener.local_addr().map_err(|error| broken(&error))?;
        let stop = CancellationToken::new();
        let closing = stop.clone();
        let served = tasks.spawn("gateway", async move { gateway.serve(listener, closing, drain).await });
        Ok((address, Self { stop, served }))
    }

    /// Takes no more connections and waits for the calls under way.
    async fn drain(self) {
        self.stop.cancel();
        drop(self.served.await);
    }
}

async fn build_services(settings: &Settings, shared: &Shared, stores: &Stores) -> Result<Vec<Service>, BuildError> {
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
    services.push(
        search::build(shared.context(search::NAME), &stores.directory().join("search"), settings.search.clone())
            .await?,
    );
    Ok(services)
}

impl Running {
    /// Stops: says so, finishes what is under way, and closes. Tells whether everything ended in time.
    pub async fn shutdown(self) -> bool {
        self.shared.health.not_ready("process", "stopping");
        tokio::time::sleep(self.announce).await;
        let begun = Instant::now();
        self.shared.tasks.drain();
        self.edge.drain().await;
        let left = self.drain.saturating_sub(begun.elapsed()).max(LEAST_FOR_TASKS);
        let ended = self.shared.tasks.shutdown(left).await;
        self.shared.calls.close();
        self.stores.close().await;
        tracing::info!(data_dir = %self.stores.directory().path().display(), "stopped");
        ended
    }

    /// The administrator's credentials, on the first start.
    pub fn administrator(&self) -> Option<(&str, &str)> {
        let Credentials { email, password } = self.administrator.as_ref()?;
        Some((email, password))
    }
}

/// What is not set and follows from the rest: tokens and mail name the shop's public address, which is where the
/// gateway listens unless told otherwise, and mail stays in the data directory.
fn completed(settings: &Settings, http: SocketAddr) -> Settings {
    let mut settings = settings.clone();
    let url = match settings.gateway.public_url.trim_end_matches('/') {
        // Nobody can open the address of all interfaces.
        "" if http.ip().is_unspecified() => format!("http://127.0.0.1:{}", http.port()),
        "" => format!("http://{http}"),
        public => public.to_owned(),
    };
    if settings.identity.issuer == identity::Config::default().issuer {
        settings.identity.issuer.clone_from(&url);
    }
    let (mail, default) = (&mut settings.notification, notification::Config::default());
    if mail.public_url == default.public_url {
        mail.public_url = url;
    }
    if mail.mail_url == default.mail_url {
        mail.mail_url = format!("file://{}", settings.data_dir.join("mail").display());
    }
    settings
}

/// One recorder for the process, however often it is asked for: tests start more than one marketplace.
static METRICS: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("there are buckets");
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    // Only somebody who embeds this process could have set one before; then theirs counts.
    drop(metrics::set_global_recorder(recorder));
    handle
});

/// Seconds, from a cached read to a call that is about to be given up.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 10.0];

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let (exit, why) = match error.kind() {
            std::io::ErrorKind::AddrInUse => (Exit::InUse, "another process has the port".to_owned()),
            _ => (Exit::CannotCreate, error.to_string()),
        };
        Failure::new(exit, format!("cannot listen on {address}: {why}; choose another address with {flag}"))
    })
}

/// Ready means that every database answers.
fn watch_databases(shared: &Shared, stores: &Stores) {
    let (health, databases) = (shared.health.clone(), stores.all().cloned().collect::<Vec<_>>());
    shared.tasks.spawn_loop("database health", move |stop| {
        let (health, databases) = (health.clone(), databases.clone());
        async move {
            while !stop.is_cancelled() {
                for db in &databases {
                    match db.ping().await {
                        Ok(()) => health.ready(db.service()),
                        Err(error) => health.not_ready(db.service(), &service_kit::error_chain(&error)),
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(PING_EVERY) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
    });
}

/// A service that cannot be built: for a setting, or for a reason that no operator could know.
fn unbuilt(error: &BuildError) -> Failure {
    if error.is_misconfigured() { Failure::new(Exit::Config, service_kit::error_chain(error)) } else { broken(error) }
}

/// A part that cannot be built although everything it needs is there.
fn broken(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Failure, service_kit::error_chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn issuer(public_url: &str, http: &str) -> String {
        let sources = Sources::default().set("test", "gateway.public_url", public_url);
        let settings = Settings::load(&sources).expect("the settings fit");
        let settings = completed(&settings, http.parse().expect("an address"));
        assert_eq!(settings.notification.public_url, settings.identity.issuer);
        settings.identity.issuer
    }

    #[test]
    fn tokens_and_mail_name_the_address_that_clients_reach() {
        assert_eq!(issuer("", "127.0.0.1:8123"), "http://127.0.0.1:8123");
        assert_eq!(issuer("", "0.0.0.0:8123"), "http://127.0.0.1:8123");
        assert_eq!(issuer("https://shop.example/", "0.0.0.0:8123"), "https://shop.example");
    }
}
