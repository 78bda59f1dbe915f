//! Products, their variants and prices, and categories.
//!
//! Owns what is for sale. Each change is one transaction that stores the product and tells of it
//! (`ProductChanged`, `ProductDeleted`) with a version that grows by one, so those who keep a copy know which of two
//! is newer. SKUs and slugs are unique in the whole marketplace; a SKU stays with its product for ever.
//! Depends on no other service. When the database is away, reads of products that are kept near still answer.

mod app;
mod config;
mod domain;
mod error;
mod grpc;
mod hot;
pub mod metrics;
mod migrations;
mod service;
mod snapshot;
mod store;

pub use config::Config;
pub use error::Error;
pub use migrations::migrations;
pub use service::build;

/// The name of the service: its workload identity, its database.
pub const NAME: &str = "catalog";

/// What survives a loss of power. The last changes may have to be made again, which an import or a seller can.
pub const DURABILITY: db::Durability = db::Durability::Normal;
