//! The tables of the catalogue. Functions take a connection, so that they compose in one transaction.
//!
//! `products.snapshot` is the product as served, encoded. It repeats what the other columns say, which exist to be
//! searched by, so that reading a product is one row and an event carries it as it is; only [`write`] writes
//! either, always both.

pub(crate) mod categories;
pub(crate) mod names;
pub(crate) mod read;
pub(crate) mod write;

use ultramarket_api::catalog::v1::{Product, product};

/// `products.status` of a deleted product. It keeps its row, so that its SKUs and external id stay its own.
const DELETED: i32 = 0;
const PUBLISHED: i32 = product::Status::Published as i32;

/// A product and how often it has changed.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub product: Product,
    pub version: i64,
    pub deleted: bool,
}
