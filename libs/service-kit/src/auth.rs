//! Who is calling: access tokens, verified strictly.
//!
//! The library checks the signature; everything that it leaves to its caller is checked here: `typ`, `crit`, the
//! form of `kid`, the time claims against our own clock, issuer and audience. Verified tokens are remembered by
//! their digest until they expire, so a token costs one signature check per process.

mod signer;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kernel::{SharedClock, Timestamp, sha256};
use serde::Deserialize;
use tokio::sync::Mutex;
use tonic::codegen::async_trait;
use ultramarket_api::identity::v1::{GetJwksRequest, identity_service_client::IdentityServiceClient};

use crate::{Error, Rpc, metrics::TOKENS_REFUSED};

pub use signer::{Signer, SignerError};

/// The audience of all access tokens.
pub const AUDIENCE: &str = "ultramarket";
/// The `typ` of an access token (RFC 9068).
pub const TOKEN_TYPE: &str = "at+jwt";
/// A longer token is refused unread.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Clocks may differ by so much.
const LEEWAY: Duration = Duration::from_secs(30);
/// Unknown keys are asked for at most this often, so that forged tokens cannot hammer the identity service.
const REFETCH_AFTER: Duration = Duration::from_secs(30);
const CACHED_TOKENS: u64 = 10_000;

/// A signed-in account, as its access token states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's id.
    pub id: String,
    /// The session that the token belongs to.
    pub session: String,
    /// The account's address.
    pub email: String,
    /// The account's roles, by name.
    pub roles: Vec<String>,
    /// When the token stops being valid.
    pub expires: Timestamp,
}

impl Account {
    /// Whether the account has the role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// The claims of an access token.
#[derive(Debug, serde::Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience: [`AUDIENCE`].
    pub aud: String,
    /// The account's id.
    pub sub: String,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Not valid before, in seconds since 1970.
    pub nbf: i64,
    /// Not valid after, in seconds since 1970.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
    /// The session.
    pub sid: String,
    /// The account's address.
    pub email: String,
    /// The account's roles.
    pub roles: Vec<String>,
}

/// The public keys of the identity service, by key id.
pub type Keys = HashMap<String, Arc<DecodingKey>>;

/// Where keys come from.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// All keys that tokens may be signed with now.
    async fn fetch(&self) -> Result<Keys, Error>;
}

/// Keys from `IdentityService.GetJwks`.
pub struct IdentityKeys(pub Rpc);

#[async_trait]
impl KeySource for IdentityKeys {
    async fn fetch(&self) -> Result<Keys, Error> {
        let unavailable = Error::Unavailable { what: "identity" };
        let reply = IdentityServiceClient::new(self.0.clone()).get_jwks(GetJwksRequest {}).await.map_err(|status| {
            tracing::warn!(%status, "fetch signing keys");
            unavailable.clone()
        })?;
        let keys = reply.into_inner().keys.into_iter().filter(|key| key.kty == "RSA" && key.alg == "RS256");
        let decoded = keys.map(|key| Ok((key.kid, Arc::new(DecodingKey::from_rsa_components(&key.n, &key.e)?))));
        decoded.collect::<Result<_, jsonwebtoken::errors::Error>>().map_err(|error| {
            tracing::error!(%error, "a published signing key is malformed");
            unavailable
        })
    }
}

/// Verifies access tokens.
pub struct Verifier {
    issuer: String,
    clock: SharedClock,
    source: Box<dyn KeySource>,
    keys: ArcSwap<Keys>,
    last_fetch: Mutex<Option<Timestamp>>,
    verified: moka::sync::Cache<[u8; 32], Arc<Account>>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Verifier {
    /// For tokens of `issuer`, with keys from `source`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, clock: SharedClock, source: impl KeySource + 'static) -> Self {
        Self {
            issuer: issuer.into(),
            clock,
            source: Box::new(source),
            keys: ArcSwap::default(),
            last_fetch: Mutex::new(None),
            verified: moka::sync::Cache::new(CACHED_TOKENS),
        }
    }

    /// The account of a token.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for anything wrong with the token, [`Error::Unavailable`] if no key was ever had.
    pub async fn verify(&self, token: &str) -> Result<Arc<Account>, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(refused("too long"));
        }
        let digest = sha256(token.as_bytes());
        let account = match self.verified.get(&digest) {
            Some(account) => account,
            None => {
                let account = Arc::new(self.check(token).await?);
                self.verified.insert(digest, Arc::clone(&account));
                account
            }
        };
        if self.clock.now() > account.expires + LEEWAY {
            self.verified.invalidate(&digest);
            return Err(refused("expired"));
        }
        Ok(account)
    }

    async fn check(&self, token: &str) -> Result<Account, Error> {
        let kid = key_id(token)?;
        let key = self.key(&kid).await?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &self.validation())
            .map_err(|_| refused("signature or claims"))?
            .claims;
        let now = self.clock.now();
        let second = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        if second(claims.nbf) > now + LEEWAY || second(claims.iat) > now + LEEWAY {
            return Err(refused("not yet valid"));
        }
        Ok(Account {
            id: claims.sub,
            session: claims.sid,
            email: claims.email,
            roles: claims.roles,
            expires: second(claims.exp),
        })
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub", "nbf"]);
        // Times are checked against our own clock, above.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }

    async fn key(&self, kid: &str) -> Result<Arc<DecodingKey>, Error> {
        if let Some(key) = self.keys.load().get(kid) {
            return Ok(Arc::clone(key));
        }
        let mut last_fetch = self.last_fetch.lock().await;
        let now = self.clock.now();
        let recent = last_fetch.is_some_and(|last| now.since(last) < REFETCH_AFTER);
        if !recent && !self.keys.load().contains_key(kid) {
            match self.source.fetch().await {
                Ok(keys) => {
                    *last_fetch = Some(now);
                    self.keys.store(Arc::new(keys));
                }
                // Keys that were had once stay good; only a process that never had any cannot decide.
                Err(error) if self.keys.load().is_empty() => return Err(error),
                Err(_) => {}
            }
        }
        self.keys.load().get(kid).cloned().ok_or_else(|| refused("unknown key"))
    }
}

fn refused(reason: &'static str) -> Error {
    metrics::counter!(TOKENS_REFUSED, "reason" => reason).increment(1);
    tracing::debug!(reason, "access token refused");
    Error::InvalidToken
}

/// The key id from a token's header, once the header is what we issue. `jku`, `jwk` and `x5u` are never followed.
fn key_id(token: &str) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Header {
        typ: String,
        alg: String,
        kid: String,
        crit: Option<serde_json::Value>,
    }
    let encoded = token.split('.').next().unwrap_or_default();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| refused("malformed header"))?;
    let header: Header = serde_json::from_slice(&bytes).map_err(|_| refused("malformed header"))?;
    let well_formed_kid = (1..=64).contains(&header.kid.len())
        && header.kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if header.typ != TOKEN_TYPE || header.alg != "RS256" || header.crit.is_some() || !well_formed_kid {
        return Err(refused("wrong header"));
    }
    Ok(header.kid)
}

#[cfg(test)]
mod tests;
