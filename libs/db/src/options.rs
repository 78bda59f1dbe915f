//! How a database is opened.

use std::time::Duration;

/// What must survive when the machine loses power. A killed process loses nothing either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every committed transaction: each commit waits for the disk.
    #[default]
    Full,
    /// The database stays consistent, but the last transactions may be missing.
    Normal,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// The service that owns it: names its metrics and threads.
    pub service: String,
    /// What survives a loss of power.
    pub durability: Durability,
    /// How many connections read at once.
    pub readers: u32,
    /// How long to wait for a connection before the database counts as unavailable.
    pub acquire_timeout: Duration,
    /// How long SQLite waits for another process that holds the write lock, before the transaction is tried again.
    pub busy_timeout: Duration,
    /// The page cache of each connection, in KiB.
    pub cache_kib: u32,
}

impl Options {
    /// The usual options for the database of `service`.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            durability: Durability::Full,
            readers: 2,
            acquire_timeout: Duration::from_secs(3),
            busy_timeout: Duration::from_secs(1),
            cache_kib: 1024,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new("ultramarket")
    }
}
