//! The metrics of the edge. Names are what dashboards and alerts use.

/// Requests answered, by `method`, `route` and `status`.
pub const REQUESTS: &str = "http_requests_total";
/// From the head of a request to the end of its response, in seconds, by `method` and `route`.
pub const REQUEST_DURATION: &str = "http_request_duration_seconds";
/// Requests refused because the caller made too many, by `policy`.
pub const RATE_LIMITED: &str = "http_requests_rate_limited_total";
/// Open connections.
pub const CONNECTIONS: &str = "http_connections";

/// Describes all of them to the recorder.
pub fn describe() {
    metrics::describe_counter!(REQUESTS, "requests answered");
    metrics::describe_histogram!(
        REQUEST_DURATION,
        metrics::Unit::Seconds,
        "from the head of a request to the end of its response"
    );
    metrics::describe_counter!(RATE_LIMITED, "requests refused because the caller made too many");
    metrics::describe_gauge!(CONNECTIONS, "open connections");
}
