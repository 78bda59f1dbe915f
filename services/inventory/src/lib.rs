//! How much there is of what: stock per SKU, reservations for orders, and the ledger of all movements.
//!
//! Owns `stock`, `reservations` and `movements`. What is available is on hand less reserved, and nothing is ever
//! reserved beyond it: each reservation is one conditional update per SKU, guarded by a check constraint. The
//! counters of a SKU are the sums over its movements, because both are written in one transaction.
//! The checkout reserves, commits and releases by commands over the bus; people adjust by RPC. When the database is
//! away, RPCs answer UNAVAILABLE and commands wait; when catalog is away, only SKUs never seen before suffer.

mod adjust;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
mod hold;
pub mod metrics;
mod migrations;
mod service;
mod store;
mod wire;

pub use config::Config;
pub use error::Error;
pub use migrations::migrations;
pub use service::build;

/// The service's name, and its workload identity.
pub const NAME: &str = "inventory";

/// Stock must survive a loss of power.
pub const DURABILITY: db::Durability = db::Durability::Full;
