//! The real binary, run as people run it: what it prints, how it ends, and what it leaves behind.

mod configuration;
mod crash;
mod first_start;
mod import;
mod migrate;
mod openapi;
mod program;
mod refusal;
mod shop;
mod signal;
