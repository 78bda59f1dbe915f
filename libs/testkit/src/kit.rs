//! The process of a test.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bus::{Bus, InProcess, Message, SharedBus, Subscription};
use bytes::Bytes;
use db::{Db, Durability, Migration, Migrator, Options};
use kernel::{Clock, FixedClock, Ids, PageTokens, SharedClock, SystemClock, SystemIds, Timestamp};
use service_kit::{Calls, Context, Contract, Health, Launch, Rpc, Service, Tasks, Verifier, Workload};
use tempfile::TempDir;

use crate::{
    Listener, Person,
    people::{ISSUER, TestKeys},
};

const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A process of services in a temporary folder.
pub struct Kit {
    folder: TempDir,
    clock: Arc<FixedClock>,
    bus: SharedBus,
    contract: Arc<Contract>,
    verifier: Arc<Verifier>,
    calls: Calls,
    tasks: Tasks,
    launch: Launch,
    cache: cache::SharedCache,
    databases: Mutex<BTreeMap<&'static str, Db>>,
    taps: AtomicUsize,
}

impl std::fmt::Debug for Kit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kit").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Kit {
    /// A new process with nothing in it. Its clock stands at the machine's time until [`Kit::advance`].
    ///
    /// # Panics
    /// If there is no room for a temporary folder.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        Self::over(folder, Arc::new(FixedClock::new(SystemClock.now())))
    }

    fn over(folder: TempDir, clock: Arc<FixedClock>) -> Self {
        let shared: SharedClock = Arc::<FixedClock>::clone(&clock);
        Self {
            folder,
            bus: Arc::new(InProcess::default()),
            contract: Arc::new(Contract::ultramarket()),
            verifier: Arc::new(Verifier::new(ISSUER, shared, TestKeys)),
            calls: Calls::new(),
            tasks: Tasks::new(),
            launch: Launch::new(),
            cache: cache::connect("tests", "memory://").expect("memory is a cache"),
            clock,
            databases: Mutex::default(),
            taps: AtomicUsize::new(0),
        }
    }

    /// Ends everything and begins anew on the same databases. Services must be built again.
    ///
    /// # Panics
    /// If something does not end in time.
    pub async fn restart(self) -> Self {
        assert!(self.tasks.shutdown(STOP_WITHIN).await, "all tasks end in time");
        self.calls.close();
        let databases = std::mem::take(&mut *self.databases.lock().expect("no test panics while it opens a database"));
        for db in databases.into_values() {
            db.close().await;
        }
        Self::over(self.folder, self.clock)
    }

    /// The folder, for what is no database.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database of a service, migrated. Opened once in the life of the kit.
    ///
    /// # Panics
    /// If it cannot be opened or migrated.
    pub async fn database(&self, name: &'static str, durability: Durability, migrations: Vec<Migration>) -> Db {
        let url = format!("sqlite://{}", self.folder.path().join(format!("{name}.db")).display());
        let options = Options { durability, ..Options::new(name) };
        let clock: SharedClock = Arc::<FixedClock>::clone(&self.clock);
        let db = Db::open(&url, options, clock, Arc::new(SystemIds)).await.expect("the database opens");
        Migrator::new(&db, migrations).up().await.expect("the database migrates");
        self.databases.lock().expect("no test panics while it opens a database").insert(name, db.clone());
        db
    }

    /// What a service is built from.
    #[must_use]
    pub fn context(&self, name: &'static str) -> Context {
        Context {
            name,
            bus: Arc::clone(&self.bus),
            cache: Arc::clone(&self.cache),
            clock: Arc::<FixedClock>::clone(&self.clock),
            ids: Arc::new(SystemIds),
            contract: Arc::clone(&self.contract),
            verifier: Arc::clone(&self.verifier),
            calls: self.calls.of(name),
            tasks: self.tasks.clone(),
            launch: self.launch.clone(),
            pages: PageTokens::new(b"the secret of tests"),
            health: Health::new(),
        }
    }

    /// Makes a built service known to the others.
    pub fn run(&self, service: &Service) {
        self.calls.register(service.name(), service.rpc());
    }

    /// Puts something else, such as a [`crate::Fake`], in the place of a service.
    pub fn register(&self, name: &str, rpc: Rpc) {
        self.calls.register(name, rpc);
    }

    /// Starts the background work of all services built so far and later. [`Kit::rpc`] does it too.
    pub fn launch(&self) {
        self.launch.open();
    }

    /// Calls to a service, made as the gateway. Build all services of the test first: see [`Kit::launch`].
    #[must_use]
    pub fn rpc(&self, service: &'static str) -> Rpc {
        self.rpc_as(Workload::GATEWAY, service)
    }

    /// Calls to a service, made as another workload.
    #[must_use]
    pub fn rpc_as(&self, workload: &str, service: &'static str) -> Rpc {
        self.launch();
        self.calls.of(workload).rpc(service)
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> &dyn Bus {
        &*self.bus
    }

    /// Background work of the test itself, ended by [`Kit::restart`].
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Hears the events of one kind that are published from now on.
    ///
    /// # Panics
    /// If the bus takes no more consumers.
    pub async fn listen<M: prost::Message + prost::Name + Default>(&self) -> Listener<M> {
        let (listener, tap) = Listener::new();
        let number = self.taps.fetch_add(1, Ordering::SeqCst);
        // Consumers are named for the life of a process; there are few listeners in a test.
        let consumer: &'static str = Box::leak(format!("listener {number}").into_boxed_str());
        let subscription = Subscription { consumer, kinds: vec![M::full_name()], handler: Arc::new(tap) };
        self.bus.subscribe(subscription).await.expect("the name is new");
        listener
    }

    /// Publishes an event as another service would, and returns its message once all consumers have handled it.
    ///
    /// # Panics
    /// If it is not published.
    pub async fn publish<M: prost::Message + prost::Name>(&self, aggregate: &str, event: &M) -> Message {
        let message = self.message(aggregate, event);
        self.publish_message(&message).await;
        message
    }

    /// Publishes a message, perhaps once more.
    ///
    /// # Panics
    /// If it is not published.
    pub async fn publish_message(&self, message: &Message) {
        for result in self.bus.publish(std::slice::from_ref(message)).await {
            result.expect("the message is published");
        }
    }

    /// The message of an event, not yet published.
    #[must_use]
    pub fn message<M: prost::Message + prost::Name>(&self, aggregate: &str, event: &M) -> Message {
        Message::new(SystemIds.uuid(), M::full_name(), aggregate, Bytes::from(event.encode_to_vec()), self.now())
    }

    /// A customer. The same name is the same person.
    #[must_use]
    pub fn customer(&self, name: &str) -> Person {
        Person::new(name, &["CUSTOMER"], Arc::<FixedClock>::clone(&self.clock))
    }

    /// A seller.
    #[must_use]
    pub fn seller(&self, name: &str) -> Person {
        Person::new(name, &["CUSTOMER", "SELLER"], Arc::<FixedClock>::clone(&self.clock))
    }

    /// An administrator.
    #[must_use]
    pub fn admin(&self) -> Person {
        Person::new("admin", &["CUSTOMER", "ADMIN"], Arc::<FixedClock>::clone(&self.clock))
    }
}
