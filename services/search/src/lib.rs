//! Full-text search over the published catalogue.
//!
//! Owns nothing durable: an index in a directory, which may be deleted and is filled again from the catalogue. It
//! follows `ProductChanged` and `ProductDeleted` within a second, takes nothing that is older than what it knows, and
//! at every start compares itself with the whole catalogue, so that what a crash lost is found again. When catalog is
//! away, search answers from what it has.

mod config;
mod domain;
mod error;
mod events;
mod follow;
mod grpc;
mod index;
pub mod metrics;
mod service;

pub use config::Config;
pub use domain::{Filter, FilterError, Order, Price, UnknownOrder};
pub use error::Error;
pub use index::{Change, Error as IndexError, Found, Index, Request};
pub use service::build;

/// The service's name, and its workload identity.
pub const NAME: &str = "search";
