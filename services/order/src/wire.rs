//! Between the contract and the domain.

pub(crate) mod cart;
pub(crate) mod catalog;
pub(crate) mod message;
pub(crate) mod order;
