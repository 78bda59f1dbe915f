//! The keys that access tokens are signed with, and their rotation.
//!
//! They live in the database, so that all replicas sign with the same one and a restart changes nothing. Each replica
//! looks every minute what is to be done ([`Rotation`]) and what others have done.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use db::{Db, Tx};
use service_kit::auth::{Claims, Signer, SignerError};
use tokio_util::sync::CancellationToken;
use ultramarket_api::identity::v1::Jwk;

use crate::{
    Error,
    domain::signing_key::{Key, Rotation, State, Step},
    hasher::HashError,
    store::keys::{self, Stored},
};

const EVERY: Duration = Duration::from_secs(60);
/// A rotation is one step, or a few after a long time without any; more would be a mistake in the rules.
const MAX_STEPS: usize = 16;

/// The keys in use.
pub(crate) struct KeyRing {
    db: Db,
    rotation: Rotation,
    loaded: ArcSwap<Loaded>,
}

struct Loaded {
    keys: Vec<Key>,
    signer: Arc<Signer>,
    jwks: Vec<Jwk>,
}

impl KeyRing {
    /// Loads the keys; makes the first one at the first start.
    pub(crate) async fn open(db: Db, rotation: Rotation) -> Result<Self, Error> {
        rotate(&db, &rotation).await?;
        let loaded = Loaded::read(keys::list(db.reader()).await?)?;
        Ok(Self { db, rotation, loaded: ArcSwap::from_pointee(loaded) })
    }

    /// The token that states the claims.
    pub(crate) async fn sign(&self, claims: Claims) -> Result<String, Error> {
        let signer = Arc::clone(&self.loaded.load().signer);
        // An RSA signature takes a core for milliseconds.
        Ok(tokio::task::spawn_blocking(move || signer.sign(&claims)).await.map_err(HashError::Thread)?)
    }

    /// The public keys: the one in use first.
    pub(crate) fn jwks(&self) -> Vec<Jwk> {
        self.loaded.load().jwks.clone()
    }

    /// Rotates the keys when it is time, until `stop`. A failure is logged; the keys at hand go on signing.
    pub(crate) async fn maintain(self: Arc<Self>, stop: CancellationToken) {
        let work = async {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(error) = self.refresh().await {
                    tracing::warn!(error = %error, "rotating the signing keys failed");
                }
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn refresh(&self) -> Result<(), Error> {
        rotate(&self.db, &self.rotation).await?;
        let stored = keys::list(self.db.reader()).await?;
        if !stored.iter().map(|stored| &stored.key).eq(&self.loaded.load().keys) {
            self.loaded.store(Arc::new(Loaded::read(stored)?));
            tracing::info!(kid = self.loaded.load().signer.kid(), "signing keys loaded");
        }
        Ok(())
    }
}

impl Loaded {
    fn read(stored: Vec<Stored>) -> Result<Self, Error> {
        let signers: Vec<(State, Signer)> = stored
            .iter()
            .map(|stored| Ok((stored.key.state, Signer::from_pkcs8(&stored.pkcs8)?)))
            .collect::<Result<_, SignerError>>()?;
        let in_state = |wanted| signers.iter().filter(move |(state, _)| *state == wanted).map(|(_, signer)| signer);
        let ordered = in_state(State::Current).chain(in_state(State::Next)).chain(in_state(State::Retired));
        let jwks = ordered.map(Signer::jwk).collect();
        let current = signers.into_iter().find(|(state, _)| *state == State::Current);
        // There always is a current key: it is replaced in one transaction.
        let (_, signer) = current.ok_or(SignerError::Malformed)?;
        Ok(Self { keys: stored.into_iter().map(|stored| stored.key).collect(), signer: Arc::new(signer), jwks })
    }
}

async fn rotate(db: &Db, rotation: &Rotation) -> Result<(), Error> {
    for _ in 0..MAX_STEPS {
        let keys: Vec<Key> = keys::list(db.reader()).await?.into_iter().map(|stored| stored.key).collect();
        let Some(step) = rotation.step(&keys, db.clock().now()) else { return Ok(()) };
        tracing::info!(?step, "signing keys change");
        match step {
            Step::Create(state) => {
                let generated = tokio::task::spawn_blocking(Signer::generate).await.map_err(HashError::Thread)?;
                let (signer, pkcs8) = &generated?;
                db.write(|tx| Box::pin(keys::insert(tx, signer.kid(), pkcs8, state))).await?;
            }
            Step::Promote { next, current } => db.write(|tx| Box::pin(promote(tx, &next, &current))).await?,
            Step::Remove(kid) => db.write(|tx| Box::pin(keys::remove(tx, &kid))).await?,
        }
    }
    Ok(())
}

async fn promote(tx: &Tx, next: &str, current: &str) -> Result<(), db::Error> {
    keys::change(tx, current, State::Current, State::Retired).await?;
    keys::change(tx, next, State::Next, State::Current).await
}
