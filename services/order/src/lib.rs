//! Orders, from placing to their end, and the checkout saga that takes them there.
//!
//! Owns `orders` (each with its saga and timer in one row), `order_items` and `saga_log`. An order is confirmed only
//! once its stock is sold and its money is taken, and cancelled only once no money is kept and no stock is held:
//! `domain/saga.rs` is that promise as a pure function, and `checkout.rs` the one place where a step takes effect, in
//! one transaction with what it tells inventory, payment and the rest. Everything in flight lives in rows (outbox,
//! inbox, timers), so a killed process goes on where it was.
//! Shoppers, guests with their order's token and administrators call it through the gateway. When the database is
//! away, RPCs answer UNAVAILABLE; when cart or catalog is away, nothing can be placed; when inventory or payment is away, orders
//! wait, and expire when they have waited too long.

mod access;
mod cancel;
mod checkout;
mod config;
mod domain;
mod error;
mod grpc;
pub mod metrics;
mod migrations;
mod place;
mod replies;
mod service;
mod store;
mod timers;
mod token;
mod watch;
mod wire;

pub use config::Config;
pub use migrations::migrations;
pub use service::build;

use error::Error;

/// The service's name, and its workload identity.
pub const NAME: &str = "order";

/// Orders must survive a loss of power.
pub const DURABILITY: db::Durability = db::Durability::Full;
