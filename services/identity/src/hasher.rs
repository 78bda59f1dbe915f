//! Hashing passwords: argon2id, as many at once as there are cores.
//!
//! A hash takes a core for tens of milliseconds and 19 MiB of memory, so callers wait for a turn; when more wait than
//! can be served in time, further ones are refused at once. Verifying for an unknown account hashes against a decoy,
//! so that both take the same time.

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use argon2::{
    Algorithm, Argon2, KeyId, Params, ParamsBuilder, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::{Error, config::PasswordConfig, metrics::HASHES_SHED};

/// So many callers wait for each core. More would wait longer than their calls may take.
const WAITING_PER_CORE: usize = 64;
/// A call without a deadline waits so long for its turn.
const PATIENCE: Duration = Duration::from_secs(8);

/// A password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The settings are out of range, or the system has no random numbers.
    #[error("run argon2id")]
    Hash(#[source] password_hash::Error),
    /// A stored hash is not one of ours.
    #[error("read a stored hash")]
    Stored(#[source] password_hash::Error),
    /// A stored hash was made with a pepper that is not configured.
    #[error("the pepper of a stored hash is not configured")]
    Pepper,
    /// The hashing thread died.
    #[error("wait for the hash")]
    Thread(#[source] tokio::task::JoinError),
}

/// What a password turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// Not the one.
    No,
    /// The one.
    Yes,
    /// The one, but its hash was made at another cost or without the pepper.
    Outdated,
}

/// Hashes and verifies passwords.
pub(crate) struct Hasher {
    argon: Arc<Argon>,
    decoy: String,
    running: Semaphore,
    admitted: Semaphore,
}

struct Argon {
    params: Params,
    pepper: Option<SecretString>,
}

/// The cost of a hash, within what argon2id allows.
pub(crate) fn params(config: &PasswordConfig) -> Result<Params, argon2::Error> {
    let mut builder = ParamsBuilder::new();
    builder.m_cost(config.memory_kib).t_cost(config.iterations).p_cost(config.parallelism);
    if let Some(pepper) = &config.pepper {
        builder.keyid(key_id(pepper)?);
    }
    builder.build()
}

/// Names a pepper in the hashes that were made with it.
fn key_id(pepper: &SecretString) -> Result<KeyId, argon2::Error> {
    let digest = kernel::sha256(format!("pepper {}", pepper.expose_secret()).as_bytes());
    KeyId::new(&digest[..6])
}

impl Hasher {
    pub(crate) fn new(config: &PasswordConfig) -> Result<Self, Error> {
        let cores = match config.concurrency {
            0 => available_parallelism().map_or(1, usize::from),
            fixed => fixed,
        };
        let params = params(config).map_err(|error| HashError::Hash(error.into()))?;
        let argon = Argon { params, pepper: config.pepper.clone() };
        Ok(Self {
            decoy: argon.decoy()?,
            argon: Arc::new(argon),
            running: Semaphore::new(cores),
            admitted: Semaphore::new(cores * (1 + WAITING_PER_CORE)),
        })
    }

    /// The hash to store, as a PHC string.
    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String, Error> {
        let password = password.clone();
        self.run(move |argon| argon.hash(&password)).await
    }

    /// Whether `password` is the one that `stored` was made of. With nothing stored it is not, after the same time.
    pub(crate) async fn verify(&self, password: &SecretString, stored: Option<&str>) -> Result<Verified, Error> {
        let password = password.clone();
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy).to_owned();
        let verified = self.run(move |argon| argon.verify(&password, &stored)).await?;
        Ok(if known { verified } else { Verified::No })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Error> {
        let Ok(_admitted) = self.admitted.try_acquire() else {
            metrics::counter!(HASHES_SHED).increment(1);
            return Err(service_kit::Error::Overloaded.into());
        };
        let patience = service_kit::remaining_time().unwrap_or(PATIENCE);
        let turn = tokio::time::timeout(patience, self.running.acquire()).await;
        let _turn = turn.map_err(|_| service_kit::Error::DeadlineExceeded)?.expect("the semaphore is never closed");
        let argon = Arc::clone(&self.argon);
        Ok(tokio::task::spawn_blocking(move || work(&argon)).await.map_err(HashError::Thread)??)
    }
}

impl Argon {
    fn context(&self, peppered: bool) -> Result<Argon2<'_>, HashError> {
        let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, self.params.clone());
        match &self.pepper {
            Some(pepper) if peppered => {
                Argon2::new_with_secret(pepper.expose_secret().as_bytes(), algorithm, version, params)
                    .map_err(|error| HashError::Hash(error.into()))
            }
            Some(_) | None => Ok(Argon2::new(algorithm, version, params)),
        }
    }

    fn hash(&self, password: &SecretString) -> Result<String, HashError> {
        let hash = self.context(true)?.hash_password(password.expose_secret().as_bytes());
        Ok(hash.map_err(HashError::Hash)?.to_string())
    }

    fn verify(&self, password: &SecretString, stored: &str) -> Result<Verified, HashError> {
        let stored = PasswordHash::new(stored).map_err(|error| HashError::Stored(error.into()))?;
        let params = Params::try_from(&stored).map_err(HashError::Stored)?;
        if !params.keyid().is_empty() && params.keyid() != self.params.keyid() {
            return Err(HashError::Pepper);
        }
        let context = self.context(!params.keyid().is_empty())?;
        match context.verify_password(password.expose_secret().as_bytes(), &stored) {
            Ok(()) if self.made(&params, &stored) => Ok(Verified::Yes),
            Ok(()) => Ok(Verified::Outdated),
            Err(password_hash::Error::PasswordInvalid) => Ok(Verified::No),
            Err(error) => Err(HashError::Hash(error)),
        }
    }

    /// Whether a hash is what [`Argon::hash`] would make today.
    fn made(&self, params: &Params, stored: &PasswordHash) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        stored.algorithm == Algorithm::Argon2id.ident()
            && stored.version == Some(Version::V0x13.into())
            && cost(params) == cost(&self.params)
            && params.keyid() == self.params.keyid()
    }

    /// A hash that no password has, at today's cost, without spending it.
    fn decoy(&self) -> Result<String, HashError> {
        let cheap = Params::new(Params::MIN_M_COST, 1, 1, None).map_err(|error| HashError::Hash(error.into()))?;
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
        let mut hash = cheap.hash_password(kernel::random_token().as_bytes()).map_err(HashError::Hash)?;
        hash.params = (&self.params).try_into().map_err(HashError::Hash)?;
        Ok(hash.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> PasswordConfig {
        PasswordConfig { memory_kib: 64, iterations: 1, ..PasswordConfig::default() }
    }

    fn hasher(config: &PasswordConfig) -> Hasher {
        Hasher::new(config).expect("the settings are sound")
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let hasher = hasher(&config());
        let stored = hasher.hash(&secret("wobbly orange fence")).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        let verify = async |password| hasher.verify(&secret(password), Some(&stored)).await.expect("verifies");
        assert_eq!(verify("wobbly orange fence").await, Verified::Yes);
        assert_eq!(verify("wobbly orange fencf").await, Verified::No);
        assert_ne!(stored, hasher.hash(&secret("wobbly orange fence")).await.expect("hashes"), "salted");
    }

    #[tokio::test]
    async fn the_defaults_are_those_of_the_standard() {
        let stored = hasher(&PasswordConfig::default()).hash(&secret("wobbly orange fence")).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    }

    #[tokio::test]
    async fn an_unknown_account_verifies_nothing_at_the_same_cost() {
        let hasher = hasher(&config());
        assert_eq!(hasher.verify(&secret(""), None).await.expect("verifies"), Verified::No);
        let decoy = PasswordHash::new(&hasher.decoy).expect("is a hash");
        let real = hasher.hash(&secret("x")).await.expect("hashes");
        assert_eq!(decoy.params, PasswordHash::new(&real).expect("is a hash").params);
        assert_eq!(hasher.decoy.len(), real.len());
    }

    #[tokio::test]
    async fn a_hash_at_another_cost_is_outdated() {
        let stored = hasher(&config()).hash(&secret("wobbly orange fence")).await.expect("hashes");
        let costlier = hasher(&PasswordConfig { iterations: 2, ..config() });
        let verified = costlier.verify(&secret("wobbly orange fence"), Some(&stored)).await.expect("verifies");
        assert_eq!(verified, Verified::Outdated);
    }

    #[tokio::test]
    async fn a_pepper_may_be_added_and_never_lost() {
        let plain = hasher(&config());
        let peppered = hasher(&PasswordConfig { pepper: Some(secret("red hot")), ..config() });
        let password = secret("wobbly orange fence");
        let old = plain.hash(&password).await.expect("hashes");
        assert_eq!(peppered.verify(&password, Some(&old)).await.expect("verifies"), Verified::Outdated);
        let new = peppered.hash(&password).await.expect("hashes");
        assert_eq!(peppered.verify(&password, Some(&new)).await.expect("verifies"), Verified::Yes);
        let other = hasher(&PasswordConfig { pepper: Some(secret("green")), ..config() });
        for without in [&plain, &other] {
            let refused = without.verify(&password, Some(&new)).await;
            assert!(matches!(refused, Err(Error::Hash(HashError::Pepper))), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn when_too_many_wait_further_ones_are_refused_at_once() {
        let hasher = hasher(&PasswordConfig { concurrency: 1, ..config() });
        let all = hasher.admitted.acquire_many(65).await.expect("is free");
        let refused = hasher.hash(&secret("x")).await;
        assert!(matches!(refused, Err(Error::Call(service_kit::Error::Overloaded))), "{refused:?}");
        drop(all);
        assert!(hasher.hash(&secret("x")).await.is_ok());
    }
}
