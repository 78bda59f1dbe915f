//! The marketplace that products are loaded into, over the network or in this process.
//!
//! Everything an import calls may be repeated, so a call that did not get through is made again, with growing pauses;
//! an access token that has run out is replaced where the credentials are known.

use std::{
    error::Error as _,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use futures::future::BoxFuture;
use service_kit::Rpc;
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Endpoint,
};
use tower::{ServiceExt, util::BoxCloneSyncService};
use ultramarket_api::{
    catalog::v1::{ListCategoriesRequest, catalog_service_client::CatalogServiceClient},
    identity::v1::{LoginRequest, identity_service_client::IdentityServiceClient},
    inventory::v1::inventory_service_client::InventoryServiceClient,
};

use super::credentials::{Authority, Credentials};
use crate::exit::{Exit, Failure};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// With pauses that double from 200 ms up to 5 s: half a minute, enough for a restart.
const ATTEMPTS: u32 = 9;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where the services are that an import calls.
#[derive(Clone)]
pub(crate) struct Services {
    /// Signs in.
    pub(crate) identity: Rpc,
    /// Takes products.
    pub(crate) catalog: Rpc,
    /// Takes stock.
    pub(crate) inventory: Rpc,
}

impl Services {
    /// All in one place.
    pub(crate) fn at(rpc: &Rpc) -> Self {
        Self { identity: rpc.clone(), catalog: rpc.clone(), inventory: rpc.clone() }
    }
}

/// A marketplace, and who speaks to it.
pub(crate) struct Target {
    services: Services,
    name: String,
    authority: Authority,
    token: RwLock<MetadataValue<Ascii>>,
}

/// Why a call was given up.
#[derive(Debug)]
pub(crate) enum Abandoned {
    /// What was sent is refused; something else may be taken.
    Refused(String),
    /// Nothing else will go through either.
    Stopped(Failure),
}

impl Target {
    /// Reaches the marketplace at `url`.
    ///
    /// # Errors
    /// It cannot be reached, is none, or refuses the authority.
    pub(crate) async fn connect(url: &str, authority: Authority) -> Result<Self, Failure> {
        let usage = |why: &str| Failure::new(Exit::Usage, format!("cannot import into {url:?}: {why}"));
        if !url.starts_with("http://") {
            return Err(usage("the address begins with http://"));
        }
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| usage("it is no address"))?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(2 * KEEP_ALIVE)
            .initial_stream_window_size(1 << 20);
        let channel = endpoint.connect().await.map_err(|error| unreachable(url, &chain(&error)))?;
        let channel = channel.map_err(|error| Status::from_error(Box::new(error)));
        Self::new(Services::at(&BoxCloneSyncService::new(channel)), url, authority).await
    }

    /// Speaks to the marketplace of `services`, which is called `name` in messages.
    ///
    /// # Errors
    /// It is none, or refuses the authority.
    pub(crate) async fn new(services: Services, name: &str, authority: Authority) -> Result<Self, Failure> {
        let token = match &authority {
            Authority::Token(token) => bearer(token)?,
            Authority::Credentials(credentials) => {
                let token = login(&services.identity, credentials).await;
                token.map_err(|status| fatal(name, &status).unwrap_or_else(|| unfit(name, &status)))?
            }
        };
        let target = Self { services, name: name.into(), authority, token: RwLock::new(token) };
        // Tells a wrong address or token at once, not after the patience that a running import has.
        let asked = target.catalog().list_categories(target.request(ListCategoriesRequest {})).await;
        match asked {
            Ok(_) => Ok(target),
            Err(status) => Err(fatal(name, &status).unwrap_or_else(|| unfit(name, &status))),
        }
    }

    /// A client of the catalogue.
    pub(crate) fn catalog(&self) -> CatalogServiceClient<Rpc> {
        CatalogServiceClient::new(self.services.catalog.clone())
    }

    /// A client of the stock.
    pub(crate) fn inventory(&self) -> InventoryServiceClient<Rpc> {
        InventoryServiceClient::new(self.services.inventory.clone())
    }

    /// A request in the name of the authority.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token());
        request
    }

    /// Who speaks, as the token names them.
    pub(crate) fn account(&self) -> String {
        super::credentials::subject(self.token().to_str().unwrap_or_default()).unwrap_or_default()
    }

    /// Makes a call that may be repeated until it gets through.
    ///
    /// # Errors
    /// It is refused, or did not get through in half a minute.
    pub(crate) async fn call<'a, T>(
        &self,
        call: impl Fn() -> BoxFuture<'a, Result<T, Status>>,
    ) -> Result<T, Abandoned> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let status = match call().await {
                Ok(reply) => return Ok(reply),
                Err(status) => status,
            };
            let again = match (&self.authority, status.code()) {
                (Authority::Credentials(credentials), Code::Unauthenticated) => self.renew(credentials).await,
                _ => transient(&status),
            };
            if !again {
                return Err(fatal(&self.name, &status)
                    .map_or_else(|| Abandoned::Refused(status.message().to_owned()), Abandoned::Stopped));
            }
            if attempt == ATTEMPTS {
                return Err(Abandoned::Stopped(unreachable(&self.name, &describe(&status))));
            }
            attempt += 1;
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Whether there is a new token, or trying again may give one.
    async fn renew(&self, credentials: &Credentials) -> bool {
        match login(&self.services.identity, credentials).await {
            Ok(token) => {
                *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
                true
            }
            Err(status) => transient(&status),
        }
    }

    fn token(&self) -> MetadataValue<Ascii> {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn login(rpc: &Rpc, credentials: &Credentials) -> Result<MetadataValue<Ascii>, Status> {
    let request = LoginRequest {
        email: credentials.email.clone(),
        password: credentials.password.clone(),
        device: "ultramarket import".into(),
    };
    let reply = IdentityServiceClient::new(rpc.clone()).login(request).await?.into_inner();
    bearer(&reply.access_token).map_err(|failure| Status::from_error(Box::new(failure)))
}

fn bearer(token: &str) -> Result<MetadataValue<Ascii>, Failure> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {token}")
        .parse()
        .map_err(|_| Failure::new(Exit::Usage, "the token has characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether the same call may get through later. A status of ours has details; one without was made up on the way, by
/// a connection that broke.
fn transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::Aborted | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => true,
        Code::Unknown | Code::Internal => status.details().is_empty(),
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

/// What ends an import, whatever else it has to send.
fn fatal(name: &str, status: &Status) -> Option<Failure> {
    let failure = match status.code() {
        Code::Unauthenticated => refused(status),
        Code::PermissionDenied => {
            Failure::new(Exit::NoPermission, "only an administrator may import: the account is none")
        }
        Code::Unimplemented => strange(name),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => return None,
    };
    Some(failure)
}

/// Why the first calls did not get through: nobody answers, somebody else does, or the server says why.
fn unfit(name: &str, status: &Status) -> Failure {
    match (status.source(), status.code()) {
        (None, _) if status.details().is_empty() => strange(name),
        (None, Code::InvalidArgument | Code::ResourceExhausted) => refused(status),
        _ => unreachable(name, &describe(status)),
    }
}

fn strange(name: &str) -> Failure {
    Failure::new(Exit::Unavailable, format!("{name} answers, but is no UltraMarket of this version"))
}

fn refused(status: &Status) -> Failure {
    Failure::new(Exit::NoPermission, format!("the server refuses the credentials: {}", status.message()))
}

fn unreachable(name: &str, why: &str) -> Failure {
    Failure::new(Exit::Unavailable, format!("cannot reach {name}: {why}"))
}

fn describe(status: &Status) -> String {
    match status.source() {
        Some(source) => chain(source),
        None => status.message().to_owned(),
    }
}

/// The innermost cause says the most, for example `connection refused`.
fn chain(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
