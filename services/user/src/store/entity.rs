//! The rows of the tables.

pub(crate) mod address;
pub(crate) mod profile;
pub(crate) mod seller;
