//! What people are told: templates, preferences, and deliveries that are tried until they are taken.
//!
//! Owns `contacts` (who an account is, from identity's events), `preferences` and `deliveries`, of which an event
//! leads to one per channel. Mail about an account and its security is always sent; other mail only to who wants it.
//! A secret in mail is kept only until the mail is taken, and never shown again.
//! While the mail server is away mail waits, for a day at most; while the database is away events wait in the
//! outboxes of those who sent them.

mod config;
mod domain;
mod error;
mod events;
mod grpc;
mod mailer;
pub mod metrics;
mod migrations;
mod postman;
mod service;
mod store;
mod wire;

pub use config::Config;
pub use error::Error;
pub use migrations::migrations;
pub use service::build;

/// The service's name, and its workload identity.
pub const NAME: &str = "notification";

/// Losing the last moments before a loss of power costs a mail at most; the files stay consistent.
pub const DURABILITY: db::Durability = db::Durability::Normal;
