//! The metrics that every service and the gateway share. Names are what dashboards and alerts use.

/// Calls a service has answered, by `grpc_service`, `grpc_method` and `grpc_code`.
pub const GRPC_HANDLED: &str = "grpc_server_handled_total";
/// How long a service took to answer, in seconds, by `grpc_service` and `grpc_method`.
pub const GRPC_HANDLING: &str = "grpc_server_handling_seconds";
/// Tasks that ended by a panic, by `task`.
pub const TASK_PANICS: &str = "task_panics_total";
/// Access tokens that were refused, by `reason`.
pub const TOKENS_REFUSED: &str = "access_tokens_refused_total";

/// Describes all of them to the recorder.
pub fn describe() {
    metrics::describe_counter!(GRPC_HANDLED, "calls a service has answered");
    metrics::describe_histogram!(GRPC_HANDLING, metrics::Unit::Seconds, "how long a service took to answer");
    metrics::describe_counter!(TASK_PANICS, "tasks that ended by a panic");
    metrics::describe_counter!(TOKENS_REFUSED, "access tokens that were refused");
}
