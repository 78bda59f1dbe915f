//! Carts of accounts and of guests.
//!
//! Owns what somebody is about to buy: SKUs and how many, never prices, which are the catalogue's at the moment of
//! reading. Each change is one transaction that changes one line and makes the cart's version grow, so parallel
//! changes sum up. A guest's cart is found by the digest of a secret that only the guest has.
//! Without the catalogue carts cannot be shown or added to; without inventory they are shown without stock problems.

mod carts;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
pub mod metrics;
mod migrations;
mod owner;
mod prices;
mod service;
mod stock;
mod store;
mod sweep;

pub use config::Config;
pub use error::Error;
pub use migrations::migrations;
pub use service::build;

/// The name of the service: its workload identity, its database, its consumer on the bus.
pub const NAME: &str = "cart";

/// What survives a loss of power. The last lines added may have to be added again.
pub const DURABILITY: db::Durability = db::Durability::Normal;
