//! The whole service through its client, on SQLite and the in-process bus.

mod adjusting;
mod harness;
mod holding;
mod reading;
