//! The whole service through its client and the bus.

mod commands;
mod crash;
mod rpc;
mod shop;
mod tokens;
mod webhooks;
