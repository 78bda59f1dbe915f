//! What callers want done: each use case in one place, over storage and rules.

pub(crate) mod categories;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod products;
