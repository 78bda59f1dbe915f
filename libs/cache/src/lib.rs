//! A cache by URL: bytes that may be gone at any time.
//!
//! Nothing may depend on an entry being there. A cache that fails is treated as one that is empty, so [`Cache::get`]
//! has no error to handle: it answers `None` and counts.

mod memory;
pub mod metrics;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

pub use memory::Memory;

/// Keeps bytes for a while.
#[async_trait]
pub trait Cache: Send + Sync + fmt::Debug {
    /// What is kept under `key`, if it still is.
    async fn get(&self, key: &str) -> Option<Bytes>;

    /// Keeps `value` under `key` for at most `ttl`, instead of what was there.
    async fn set(&self, key: &str, value: Bytes, ttl: Duration);

    /// Forgets what is kept under `key`.
    async fn remove(&self, key: &str);
}

/// A cache as services hold it.
pub type SharedCache = Arc<dyn Cache>;

/// The schemes that [`connect`] knows.
pub const SCHEMES: &[&str] = &["memory"];

/// Why there is no cache.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No cache has this scheme.
    #[error("no cache for the scheme {scheme:?}; there is: {}", SCHEMES.join(", "))]
    UnknownScheme {
        /// The scheme of the URL.
        scheme: String,
    },
    /// The URL asks for something that the cache does not know.
    #[error("the URL of the cache may only say how large it is: memory://?max_bytes=8388608")]
    BadUrl,
}

/// The cache that `url` names; `name` is its label in metrics.
///
/// `memory://` is a cache within this process, of at most 8 MiB or `memory://?max_bytes=…`.
///
/// # Errors
/// When the scheme is not one of [`SCHEMES`] or the URL is malformed.
pub fn connect(name: &'static str, url: &str) -> Result<SharedCache, ConnectError> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    if scheme != "memory" {
        return Err(ConnectError::UnknownScheme { scheme: scheme.to_owned() });
    }
    let max_bytes = match rest.trim_start_matches('/') {
        "" => Memory::DEFAULT_BYTES,
        query => {
            let bytes = query.strip_prefix("?max_bytes=").and_then(|bytes| bytes.parse().ok());
            bytes.ok_or(ConnectError::BadUrl)?
        }
    };
    Ok(Arc::new(Memory::new(name, max_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_urls_connect() {
        assert!(connect("prices", "memory://").is_ok());
        assert!(connect("prices", "memory://?max_bytes=1024").is_ok());
        assert!(matches!(connect("prices", "memory://?max_bytes=many"), Err(ConnectError::BadUrl)));
        let error = connect("prices", "redis://localhost").expect_err("not supported");
        assert_eq!(error.to_string(), "no cache for the scheme \"redis\"; there is: memory");
    }
}
