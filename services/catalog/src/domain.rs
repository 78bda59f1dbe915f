//! The rules of the catalogue: pure, without storage or transport.
//!
//! The contract's `Product` is the domain's own type, because what is stored and what events carry is what is
//! served. [`product::complete`] is the gate: only what has passed it is ever stored.

pub(crate) mod category;
pub(crate) mod names;
pub(crate) mod product;
pub(crate) mod slug;
pub(crate) mod update;

kernel::id!(pub(crate) ProductId, "a product");
kernel::id!(pub(crate) CategoryId, "a category");
