//! The rows, and what they mean.

pub(crate) mod item;
pub(crate) mod log;
pub(crate) mod order;
pub(crate) mod secret;
