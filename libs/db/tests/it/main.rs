//! The database on SQLite files, with the bus in process.

mod constraints;
mod idempotency;
mod inbox;
mod migrate;
mod open;
mod outbox;
mod support;
mod sweep;
mod write;
