//! What a service is built from.

use std::{future::Future, sync::Arc};

use bus::SharedBus;
use db::{Db, Relay, Retention, Sweeper};
use kernel::{PageTokens, SharedClock, SharedIds};
use tokio_util::sync::CancellationToken;

use crate::{Calls, Contract, Health, Tasks, Verifier};

/// What the process gives a service. Cheap to clone; everything in it is shared.
#[derive(Clone, Debug)]
pub struct Context {
    /// The service's name: `order`. Also its workload identity.
    pub name: &'static str,
    /// Events and commands.
    pub bus: SharedBus,
    /// Where what is dear to make is kept for a while.
    pub cache: cache::SharedCache,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// What the contract says of each RPC.
    pub contract: Arc<Contract>,
    /// Verifies access tokens.
    pub verifier: Arc<Verifier>,
    /// Other services.
    pub calls: Calls,
    /// Background work.
    pub tasks: Tasks,
    /// Opens when every service of the process is built.
    pub launch: Launch,
    /// Page tokens of lists.
    pub pages: PageTokens,
    /// What is not well.
    pub health: Health,
}

impl Context {
    /// Runs what `run` makes in the background, from the launch of the process to its end.
    pub fn worker<F>(&self, name: &'static str, run: impl Fn(CancellationToken) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let launch = self.launch.clone();
        self.tasks.spawn_loop(name, move |stop| {
            let (launched, work) = (launch.clone(), run(stop.clone()));
            async move {
                tokio::select! {
                    () = launched.opened() => work.await,
                    () = stop.cancelled() => {}
                }
            }
        });
    }

    /// Publishes what the transactions of `db` emit, and removes messages that were kept long enough, from the launch
    /// of the process to its end. Every service with a database calls it once.
    pub fn run_messaging(&self, db: &Db) {
        let (relayed, bus) = (db.clone(), Arc::clone(&self.bus));
        self.worker("outbox relay", move |stop| Relay::new(relayed.clone(), Arc::clone(&bus)).run(stop));
        let swept = db.clone();
        self.worker("message sweeper", move |stop| Sweeper::new(&swept, Retention::default()).run(stop));
    }
}

/// Holds back background work until every service of the process is built: a message that is published before its
/// consumer has subscribed would miss it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Launch(CancellationToken);

impl Launch {
    /// Not yet open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every service is built.
    pub fn open(&self) {
        self.0.cancel();
    }

    /// Waits until it is open.
    pub async fn opened(&self) {
        self.0.cancelled().await;
    }
}
