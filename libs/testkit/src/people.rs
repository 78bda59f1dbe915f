//! People who call: each signs their own requests.

use std::sync::{Arc, LazyLock};

use kernel::{SharedClock, sha256};
use service_kit::{
    Error,
    auth::{AUDIENCE, Claims, KeySource, Keys, Signer},
    metadata,
};
use tonic::{Request, codegen::async_trait};
use uuid::Uuid;

/// The issuer of the tokens of tests.
pub const ISSUER: &str = "http://identity.test";

static SIGNER: LazyLock<Arc<Signer>> = LazyLock::new(|| Arc::new(Signer::generate().expect("a key can be made").0));

/// The key that [`Person`] signs with.
#[must_use]
pub fn signer() -> Arc<Signer> {
    Arc::clone(&SIGNER)
}

/// Gives verifiers the key of tests.
#[derive(Debug)]
pub struct TestKeys;

#[async_trait]
impl KeySource for TestKeys {
    async fn fetch(&self) -> Result<Keys, Error> {
        Ok(SIGNER.keys())
    }
}

/// Somebody with an account. The same name is the same account.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account's id.
    pub id: String,
    /// The account's address.
    pub email: String,
    roles: Vec<&'static str>,
    clock: SharedClock,
}

impl Person {
    pub(crate) fn new(name: &str, roles: &[&'static str], clock: SharedClock) -> Self {
        let digest = sha256(name.as_bytes());
        let bytes: [u8; 16] = digest[..16].try_into().expect("half of the digest");
        let id = uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string();
        Self { id, email: format!("{name}@example.com"), roles: roles.to_vec(), clock }
    }

    /// A fresh access token, good for 15 minutes.
    #[must_use]
    pub fn token(&self) -> String {
        let now = self.clock.now().unix_seconds();
        signer().sign(&Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: self.id.clone(),
            iat: now,
            nbf: now,
            exp: now + 900,
            jti: Uuid::nil().to_string(),
            sid: self.id.clone(),
            email: self.email.clone(),
            roles: self.roles.iter().map(|role| (*role).to_owned()).collect(),
        })
    }

    /// A request of this person.
    ///
    /// # Panics
    /// Never: a token is ASCII.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token()).parse().expect("a token is ASCII");
        request.metadata_mut().insert(metadata::AUTHORIZATION, value);
        request
    }

    /// A request of this person with an idempotency key.
    pub fn keyed<T>(&self, key: &str, message: T) -> Request<T> {
        with_key(key, self.request(message))
    }
}

/// A request of nobody in particular.
pub fn guest<T>(message: T) -> Request<T> {
    Request::new(message)
}

/// Puts an idempotency key on a request.
///
/// # Panics
/// If the key is not ASCII.
pub fn with_key<T>(key: &str, mut request: Request<T>) -> Request<T> {
    request.metadata_mut().insert(metadata::IDEMPOTENCY_KEY, key.parse().expect("keys of tests are ASCII"));
    request
}
