//! The database on SQLite files, with the bus in process.

mod support;
mod write;
