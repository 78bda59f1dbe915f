//! The people behind accounts: profile, addresses, and who sells.
//!
//! Owns profiles, addresses and sellers. A profile exists from the moment its owner first looks at it or the account
//! is announced, whichever comes first. Whether somebody may sell is decided here; identity gives them the role when
//! it hears of it. Other services copy what they need when they need it (an order its address), so nothing here is on
//! the way of a purchase. When its database is away, all of it answers UNAVAILABLE.

mod app;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
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
pub const NAME: &str = "user";

/// What people wrote about themselves must survive a loss of power.
pub const DURABILITY: db::Durability = db::Durability::Full;
