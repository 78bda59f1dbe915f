//! The rows of the tables.

pub(crate) mod account;
pub(crate) mod password_reset;
pub(crate) mod refresh_token;
pub(crate) mod session;
pub(crate) mod sign_in_failure;
pub(crate) mod signing_key;
