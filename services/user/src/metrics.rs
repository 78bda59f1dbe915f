//! The metrics of this service.

/// Applications to sell.
pub const APPLICATIONS: &str = "seller_applications_total";
/// Applications that were approved.
pub const APPROVALS: &str = "seller_approvals_total";

/// Describes them to the recorder.
pub fn describe() {
    metrics::describe_counter!(APPLICATIONS, "applications to sell");
    metrics::describe_counter!(APPROVALS, "applications that were approved");
}
