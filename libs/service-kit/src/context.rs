//! What a service is built from.

use std::sync::Arc;

use bus::SharedBus;
use kernel::{PageTokens, SharedClock, SharedIds};

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
    /// Page tokens of lists.
    pub pages: PageTokens,
    /// What is not well.
    pub health: Health,
}
