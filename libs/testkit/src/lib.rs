//! A process for tests: clock, bus, token mint, databases in a temporary folder, and the wiring between services.
//!
//! A test builds the services it is about with [`Kit::context`] and [`Kit::database`], puts fakes in the place of
//! others with [`Kit::register`], calls through [`Kit::rpc`] as the gateway does, as one of the people of
//! [`people`], and watches the bus with [`Kit::listen`]. [`Kit::restart`] ends everything and starts again on the
//! same databases, as a killed process would.

mod bus_tap;
mod fake;
mod kit;
pub mod people;
mod poll;

pub use bus_tap::Listener;
pub use fake::Fake;
pub use kit::Kit;
pub use people::{Person, guest, with_key};
pub use poll::{eventually, eventually_within};

use std::collections::HashMap;

use tonic_types::StatusExt;

/// The stable reason of an error.
///
/// # Panics
/// If the status has none.
#[must_use]
pub fn reason(status: &tonic::Status) -> String {
    service_kit::reason(status).unwrap_or_else(|| panic!("{status:?} has no reason"))
}

/// The facts of an error.
///
/// # Panics
/// If the status has no `ErrorInfo`.
#[must_use]
pub fn facts(status: &tonic::Status) -> HashMap<String, String> {
    status.get_details_error_info().unwrap_or_else(|| panic!("{status:?} has no error info")).metadata
}

/// The fields that a request was refused for.
#[must_use]
pub fn violations(status: &tonic::Status) -> Vec<String> {
    let request = status.get_details_bad_request();
    let violations = request.map(|request| request.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}
