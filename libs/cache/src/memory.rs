//! The cache within one process.

use std::{
    fmt,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use moka::{Expiry, sync};

use crate::{Cache, metrics::CACHE_REQUESTS_TOTAL};

/// What an entry costs beyond its key and value.
const OVERHEAD: usize = 128;

#[derive(Clone)]
struct Entry {
    value: Bytes,
    ttl: Duration,
}

struct Ttl;

impl Expiry<String, Entry> for Ttl {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.ttl)
    }
}

/// A cache in memory that never holds more than so many bytes; what is used least goes first.
pub struct Memory {
    name: &'static str,
    entries: sync::Cache<String, Entry>,
}

impl fmt::Debug for Memory {
    // Without the entries, which may be about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Memory {
    /// The size of a cache that nobody sized.
    pub const DEFAULT_BYTES: u64 = 8 * 1024 * 1024;

    /// A cache of at most `max_bytes`, keys and overhead included; `name` is its label in metrics.
    #[must_use]
    pub fn new(name: &'static str, max_bytes: u64) -> Self {
        let size =
            |key: &String, entry: &Entry| u32::try_from(key.len() + entry.value.len() + OVERHEAD).unwrap_or(u32::MAX);
        Self { name, entries: sync::Cache::builder().max_capacity(max_bytes).weigher(size).expire_after(Ttl).build() }
    }
}

#[async_trait]
impl Cache for Memory {
    async fn get(&self, key: &str) -> Option<Bytes> {
        let entry = self.entries.get(key);
        let result = if entry.is_some() { "hit" } else { "miss" };
        metrics::counter!(CACHE_REQUESTS_TOTAL, "cache" => self.name, "result" => result).increment(1);
        entry.map(|entry| entry.value)
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Duration) {
        self.entries.insert(key.to_owned(), Entry { value, ttl });
    }

    async fn remove(&self, key: &str) {
        self.entries.invalidate(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_entry_lives_until_it_is_replaced_removed_or_too_old() {
        let cache = Memory::new("test", Memory::DEFAULT_BYTES);
        let hour = Duration::from_secs(3600);
        cache.set("a", Bytes::from_static(b"1"), hour).await;
        cache.set("a", Bytes::from_static(b"2"), hour).await;
        assert_eq!(cache.get("a").await.as_deref(), Some(&b"2"[..]));
        cache.set("a", Bytes::from_static(b"3"), Duration::ZERO).await;
        assert_eq!(cache.get("a").await, None);
        cache.set("a", Bytes::from_static(b"4"), hour).await;
        cache.remove("a").await;
        assert_eq!(cache.get("a").await, None);
    }

    #[tokio::test]
    async fn the_cache_stays_within_its_size() {
        let cache = Memory::new("test", 64 * 1024);
        for number in 0..1000 {
            cache.set(&format!("key-{number}"), Bytes::from(vec![0; 1024]), Duration::from_secs(3600)).await;
        }
        cache.entries.run_pending_tasks();
        assert!(cache.entries.weighted_size() <= 64 * 1024);
        assert!(cache.entries.entry_count() > 10);
    }

    #[tokio::test]
    async fn a_value_larger_than_the_cache_is_not_kept() {
        let cache = Memory::new("test", 1024);
        cache.set("large", Bytes::from(vec![0; 4096]), Duration::from_secs(3600)).await;
        cache.entries.run_pending_tasks();
        assert_eq!(cache.get("large").await, None);
    }
}
