//! The whole product.

mod contract;
mod dependencies;
mod journey;
mod restart;
