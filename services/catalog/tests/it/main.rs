//! The whole service through its client, on SQLite and the in-process bus.

mod categories;
mod changing;
mod creating;
mod exporting;
mod harness;
mod importing;
mod listing;
mod reading;
mod real_catalogue;
mod schema;
