//! The user service as its callers see it.

mod addresses;
mod events;
mod harness;
mod profile;
mod schema;
mod sellers;
