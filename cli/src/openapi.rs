//! `ultramarket openapi`: the document of the REST interface, without a running marketplace.

use std::sync::Arc;

use gateway::{Auth, Gateway, Parts};
use kernel::{SystemClock, SystemIds};
use service_kit::{Calls, Contract, Health, Tasks, Verifier, Workload, auth::IdentityKeys};

use crate::exit::{Exit, Failure};

/// The document, as JSON.
///
/// # Errors
/// The contract's routes make no sense, which a test would have shown.
pub(crate) async fn document() -> Result<String, Failure> {
    let calls = Calls::new().of(Workload::GATEWAY);
    let contract = Contract::ultramarket();
    let services = contract.methods().map(|method| (method.service.clone(), calls.rpc(identity::NAME))).collect();
    let keys = IdentityKeys(calls.rpc(identity::NAME));
    let parts = Parts {
        contract: Arc::new(contract),
        upstreams: services,
        auth: Auth::Verify(Arc::new(Verifier::new("", Arc::new(SystemClock), keys))),
        health: Health::new(),
        ids: Arc::new(SystemIds),
        tasks: Tasks::new(),
    };
    let gateway = Gateway::build(gateway::Config::default(), parts);
    let gateway = gateway.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    Ok(format!("{}\n", gateway.openapi()))
}
