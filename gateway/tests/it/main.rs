//! The whole edge over a contract of its own, in front of an upstream that does as it is told.

mod errors;
mod harness;
mod marketplace;
mod native;
mod pages;
mod policy;
mod rest;
mod server;
mod streams;
mod upstream;
