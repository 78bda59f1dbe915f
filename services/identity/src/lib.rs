//! Who somebody is: accounts, passwords, sessions, roles, and the keys that access tokens are signed with.
//!
//! Owns accounts, failed sign-ins, sessions with their refresh tokens, password resets and signing keys. Secrets are
//! stored as digests only, passwords as argon2id hashes; the private signing keys never leave this database.
//! A refresh token works once: presented again, it ends its session. Called by clients through the gateway, and by
//! every service for the public keys. When its database is away, nobody can sign in or refresh, and access tokens
//! that are out keep working until they expire.

mod app;
mod bootstrap;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
mod hasher;
mod keys;
pub mod metrics;
mod migrations;
mod service;
mod store;
mod sweep;
mod wire;

pub use bootstrap::{Credentials, bootstrap_admin};
pub use config::{Config, ConfigError};
pub use error::Error;
pub use migrations::migrations;
pub use service::build;

/// The service's name, and its workload identity.
pub const NAME: &str = "identity";

/// Credentials must survive a loss of power.
pub const DURABILITY: db::Durability = db::Durability::Full;
