//! The whole product.

mod contract;
mod dependencies;
