//! The metrics of this service.

use crate::domain::Status;

/// Notifications by `template` and the `status` that they came to.
pub const NOTIFICATIONS: &str = "notifications_total";
/// Tries to hand over mail that failed, by `mailer`: `primary` or `fallback`.
pub const MAIL_FAILURES: &str = "notification_mail_failures_total";

/// Describes them to the recorder.
pub(crate) fn describe() {
    metrics::describe_counter!(NOTIFICATIONS, "notifications by template and status");
    metrics::describe_counter!(MAIL_FAILURES, "tries to hand over mail that failed");
}

/// Counts a notification that came to `status`.
pub(crate) fn count(template: &str, status: Status) {
    let template = template.to_owned();
    metrics::counter!(NOTIFICATIONS, "template" => template, "status" => status.name()).increment(1);
}
