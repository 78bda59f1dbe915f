//! The identity service as its callers see it.

mod administration;
mod bootstrap;
mod events;
mod harness;
mod keys;
mod passwords;
mod refreshing;
mod registration;
mod schema;
mod sessions;
mod sign_in;
