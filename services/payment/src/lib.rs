//! Payments: holding, taking and giving back money through a provider, each exactly once.
//!
//! Owns `payments`, `attempts` (every call to a provider, stored before it is made) and `provider_events` (the
//! append-only ledger that all amounts follow from), and the books of the sandbox provider. A payment never has two
//! calls under way, an answer that was lost is looked up at the provider by our key and never guessed, and a
//! cancellation is answered only once it is certain that no money is kept.
//! The checkout commands over the bus and is answered over the bus. While a provider is away payments wait; while the
//! database is away commands wait and webhooks are refused, so that providers send them again.

mod answers;
mod change;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
pub mod metrics;
mod migrations;
mod provider;
mod service;
#[cfg(test)]
mod simulation;
mod store;
mod webhook;
mod wire;
mod worker;

pub use config::{Config, Sandbox};
pub use error::Error;
pub use migrations::migrations;
pub use service::build;

/// The service's name, and its workload identity.
pub const NAME: &str = "payment";

/// Payments must survive a loss of power.
pub const DURABILITY: db::Durability = db::Durability::Full;
