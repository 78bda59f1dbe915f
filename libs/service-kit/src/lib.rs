//! How a service starts, listens, authenticates, authorizes, reports and stops.
//!
//! A service crate builds its generated server over a [`Context`] and hands it to [`Service::new`], which puts the
//! pipeline (`pipeline.rs`) around it: the one order in which a call is traced, counted, bounded in time,
//! authenticated, authorized by its policy, validated by its field rules and shielded from panics and cancellation.
//! Everything the pipeline knows about a call comes from the contract ([`Contract`]), so a new RPC needs no code here.

pub mod auth;
mod call;
mod calls;
mod context;
pub mod contract;
mod deadline;
pub mod error;
mod health;
pub mod idempotent;
pub mod metrics;
mod pipeline;
mod service;
mod status;
mod tasks;
pub mod telemetry;
mod validate;
pub mod wire;

pub use auth::{Account, Verifier};
pub use call::{Caller, metadata, outgoing};
pub use calls::{Calls, Rpc, Workload};
pub use context::{Context, Launch};
pub use contract::Contract;
pub use deadline::{
    Malformed as MalformedTimeout, encode as encode_timeout, incoming as timeout_of, remaining as remaining_time,
};
pub use error::Error;
pub use health::{Admin, Health, bare, grpc_health};
pub use pipeline::{authorize, bearer};
pub use service::{BuildError, Service};
pub use status::{error_chain, reason, status};
pub use tasks::Tasks;
