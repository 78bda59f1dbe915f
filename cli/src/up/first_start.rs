//! What only the first start does: an administrator with a random password, and something to see.

use std::{io, time::Duration};

use service_kit::{Calls, Workload};

use super::stores::Stores;
use crate::{
    exit::{Exit, Failure},
    import::{
        Authority, Services, Target,
        credentials::{Credentials, FILE},
    },
    sample,
};

/// The first administrator's address. It is no mailbox; the password is reset with the data directory at hand.
const ADDRESS: &str = "admin@ultramarket.localhost";
/// How long search may take to know the sample catalogue.
const SETTLE: Duration = Duration::from_secs(5);

/// What the first start has made.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) credentials: Credentials,
    /// How many products the sample catalogue has, if it was loaded.
    pub(crate) products: Option<u64>,
}

/// Makes an administrator if there is none, and keeps the password in the data directory, for its owner only.
///
/// # Errors
/// The password cannot be kept; then no administrator was made.
pub(crate) async fn administrator(stores: &Stores, config: &identity::Config) -> Result<Option<Credentials>, Failure> {
    let keep = |made: &identity::Credentials| {
        let json = serde_json::to_vec(made).map_err(io::Error::other)?;
        stores.directory().write_private(FILE, &json).map_err(io::Error::other)
    };
    let made = identity::bootstrap_admin(stores.of(identity::NAME), config, ADDRESS, keep).await;
    let made = made.map_err(|error| {
        Failure::new(Exit::Failure, format!("no administrator can be made: {}", service_kit::error_chain(&error)))
    })?;
    Ok(made.map(|made| Credentials { email: made.email, password: made.password }))
}

/// Loads the sample catalogue, if wanted, as the administrator.
///
/// # Errors
/// It cannot be loaded, which is a bug.
pub(crate) async fn report(credentials: Credentials, with_sample: bool, calls: &Calls) -> Result<Report, Failure> {
    if !with_sample {
        return Ok(Report { credentials, products: None });
    }
    let edge = calls.of(Workload::GATEWAY);
    let services = Services {
        identity: edge.rpc(identity::NAME),
        catalog: edge.rpc(catalog::NAME),
        inventory: edge.rpc(inventory::NAME),
    };
    let target = Target::new(services, "this process", Authority::Credentials(credentials.clone())).await?;
    let products = sample::load(&target).await?;
    settle(&edge, products).await;
    Ok(Report { credentials, products: Some(products) })
}

/// Waits until search has the sample, so that the first thing that anybody tries finds something.
async fn settle(edge: &Calls, products: u64) {
    use ultramarket_api::search::v1::{SearchRequest, search_service_client::SearchServiceClient};
    let mut search = SearchServiceClient::new(edge.rpc(search::NAME));
    let known = async {
        loop {
            let found = search.search(SearchRequest { page_size: 1, ..SearchRequest::default() }).await;
            if found.is_ok_and(|found| u64::try_from(found.get_ref().total_size).is_ok_and(|size| size >= products)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(SETTLE, known).await.is_err() {
        tracing::warn!("search does not know the sample catalogue yet");
    }
}
