//! Signing access tokens. Only the identity service holds a signer.

use std::{collections::HashMap, fmt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use kernel::sha256;
use ultramarket_api::identity::v1::Jwk;

use super::{Claims, Keys, TOKEN_TYPE};

/// The key cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// No key could be generated.
    #[error("generate a signing key")]
    Generate,
    /// The stored key is not an RSA key in PKCS #8.
    #[error("read the stored signing key")]
    Malformed,
}

/// An RSA key that signs access tokens.
pub struct Signer {
    key: RsaKeyPair,
    kid: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Signer {
    /// A new key of 3072 bits, and its PKCS #8 form to be kept secret.
    ///
    /// # Errors
    /// [`SignerError::Generate`].
    pub fn generate() -> Result<(Self, Vec<u8>), SignerError> {
        let key = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| SignerError::Generate)?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| SignerError::Generate)?;
        let stored = der.as_ref().to_vec();
        Ok((Self::new(key), stored))
    }

    /// The key that [`Signer::generate`] gave out.
    ///
    /// # Errors
    /// [`SignerError::Malformed`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignerError> {
        RsaKeyPair::from_pkcs8(der).map(Self::new).map_err(|_| SignerError::Malformed)
    }

    fn new(key: RsaKeyPair) -> Self {
        let thumbprint = sha256(key.public_key().as_ref());
        Self { kid: BASE64_URL_SAFE_NO_PAD.encode(&thumbprint[..16]), key }
    }

    /// Names the key in tokens and in the key set.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The token that states the claims.
    ///
    /// # Panics
    /// If the operating system has no random numbers.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let header = serde_json::json!({ "typ": TOKEN_TYPE, "alg": "RS256", "kid": self.kid });
        let claims = serde_json::to_vec(claims).expect("claims are strings and numbers");
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("a valid key signs with the system's random numbers");
        format!("{signed}.{}", encode(&signature))
    }

    /// The public half, for the key set.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        let public = self.key.public_key();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Jwk {
            kty: "RSA".into(),
            r#use: "sig".into(),
            alg: "RS256".into(),
            kid: self.kid.clone(),
            n: encode(public.modulus().big_endian_without_leading_zero()),
            e: encode(public.exponent().big_endian_without_leading_zero()),
        }
    }

    /// The public half, for a [`super::Verifier`] in the same process.
    ///
    /// # Panics
    /// Never: the components come from a valid key.
    #[must_use]
    pub fn keys(&self) -> Keys {
        let jwk = self.jwk();
        let key = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).expect("a valid key has valid components");
        HashMap::from([(jwk.kid, Arc::new(key))])
    }
}
