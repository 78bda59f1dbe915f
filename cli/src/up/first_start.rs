//! What only the first start does: an administrator with a random password, and something to see.
//!
//! A first start that is killed is finished by the next one: the password is kept before the administrator is made,
//! and a file says that the sample catalogue is still to be loaded.

use std::{fs, io, time::Duration};

use service_kit::{Calls, Workload};

use super::stores::Stores;
use crate::{
    config::Settings,
    exit::{Exit, Failure},
    import::{
        Authority, Services, Target,
        credentials::{Credentials, FILE},
    },
    sample,
};

/// The first administrator's address. It is no mailbox; the password is reset with the data directory at hand.
const ADDRESS: &str = "admin@ultramarket.localhost";
/// Is there from when the administrator is made until the sample catalogue is loaded.
const SAMPLE_PENDING: &str = "sample.pending";
/// How long search may take to know the sample catalogue.
const SETTLE: Duration = Duration::from_secs(5);

/// Makes an administrator if there is none, and keeps the password in the data directory, for its owner only.
///
/// # Errors
/// The password cannot be kept; then no administrator was made.
pub(crate) async fn administrator(stores: &Stores, settings: &Settings) -> Result<Option<Credentials>, Failure> {
    let directory = stores.directory();
    let keep = |made: &identity::Credentials| {
        if settings.sample {
            directory.write_private(SAMPLE_PENDING, &[]).map_err(io::Error::other)?;
        }
        let json = serde_json::to_vec(made).map_err(io::Error::other)?;
        directory.write_private(FILE, &json).map_err(io::Error::other)
    };
    let made = identity::bootstrap_admin(stores.of(identity::NAME), &settings.identity, ADDRESS, keep).await;
    let made = made.map_err(|error| {
        Failure::new(Exit::Failure, format!("no administrator can be made: {}", service_kit::error_chain(&error)))
    })?;
    Ok(made.map(|made| Credentials { email: made.email, password: made.password }))
}

/// Loads the sample catalogue, where that is still to be done, and tells how many products it has.
///
/// # Errors
/// It cannot be loaded as the administrator that was made just now, which is a bug.
pub(crate) async fn sample(
    stores: &Stores,
    administrator: Option<&Credentials>,
    calls: &Calls,
) -> Result<Option<u64>, Failure> {
    let pending = stores.directory().join(SAMPLE_PENDING);
    if !pending.exists() {
        return Ok(None);
    }
    let loaded = match administrator {
        Some(credentials) => Some(load(credentials.clone(), calls).await?),
        None => finish(stores, calls).await,
    };
    fs::remove_file(&pending)
        .map_err(|error| Failure::new(Exit::CannotCreate, format!("cannot remove {}: {error}", pending.display())))?;
    Ok(loaded)
}

/// Loads what an earlier start did not finish, if the administrator still signs in as then.
async fn finish(stores: &Stores, calls: &Calls) -> Option<u64> {
    let loading = async { load(Credentials::read(stores.directory().path())?, calls).await };
    match loading.await {
        Ok(products) => Some(products),
        Err(failure) => {
            tracing::warn!(error = %failure, "the sample catalogue is not complete, and stays so");
            None
        }
    }
}

async fn load(credentials: Credentials, calls: &Calls) -> Result<u64, Failure> {
    let edge = calls.of(Workload::GATEWAY);
    let services = Services {
        identity: edge.rpc(identity::NAME),
        catalog: edge.rpc(catalog::NAME),
        inventory: edge.rpc(inventory::NAME),
    };
    let target = Target::new(services, "this process", Authority::Credentials(credentials)).await?;
    let products = sample::load(&target).await?;
    settle(&edge, products).await;
    Ok(products)
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
