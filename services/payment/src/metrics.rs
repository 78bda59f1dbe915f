//! The metrics of this service.

/// Payments by the `status` that they came to. A payment counts once for each.
pub const PAYMENTS: &str = "payments_total";
/// Calls to providers, by `provider`, `operation` and `result`.
pub const PROVIDER_CALLS: &str = "payment_provider_calls_total";
/// How long providers took to answer, in seconds, by `provider` and `operation`.
pub const PROVIDER_CALL_SECONDS: &str = "payment_provider_call_seconds";
/// Reports of providers by webhook, by `provider` and `result`.
pub const WEBHOOKS: &str = "payment_webhooks_total";
/// Reports that cannot be true of our payment, by `provider`. Each needs somebody to look into it.
pub const ANOMALIES: &str = "payment_anomalies_total";

/// Describes them to the recorder.
pub(crate) fn describe() {
    metrics::describe_counter!(PAYMENTS, "payments by the status that they came to");
    metrics::describe_counter!(PROVIDER_CALLS, "calls to payment providers");
    metrics::describe_histogram!(PROVIDER_CALL_SECONDS, metrics::Unit::Seconds, "how long providers took to answer");
    metrics::describe_counter!(WEBHOOKS, "reports of payment providers by webhook");
    metrics::describe_counter!(ANOMALIES, "reports of providers that cannot be true of our payment");
}
