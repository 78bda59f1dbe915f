//! The rules, without I/O: who may sign in, how long, and with which password.

pub(crate) mod account;
pub(crate) mod lockout;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod signing_key;
