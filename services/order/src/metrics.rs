//! The metrics of this service.

use std::time::Duration;

use kernel::Money;

/// Orders by `status`: placed, confirmed, cancelled, expired. Each order counts once per status.
pub const ORDERS: &str = "orders_total";
/// What confirmed orders cost, in minor units, by `currency`.
pub const REVENUE: &str = "revenue_minor_units_total";
/// How long orders took from placed to confirmed, in seconds, the shopper's own time included.
pub const CONFIRMED_AFTER: &str = "order_confirmed_after_seconds";
/// What a saga had to ask for again, by the `state` that waits for it.
pub const ASKED_AGAIN: &str = "saga_asked_again_total";
/// Streams that follow an order at the moment.
pub const WATCHERS: &str = "order_watchers";

/// Describes all of them to the recorder.
pub fn describe() {
    metrics::describe_counter!(ORDERS, "orders by status");
    metrics::describe_counter!(REVENUE, "what confirmed orders cost, in minor units");
    metrics::describe_histogram!(
        CONFIRMED_AFTER,
        metrics::Unit::Seconds,
        "how long orders took from placed to confirmed"
    );
    metrics::describe_counter!(ASKED_AGAIN, "what a saga had to ask for again");
    metrics::describe_gauge!(WATCHERS, "streams that follow an order");
}

pub(crate) fn count_order(status: &'static str) {
    metrics::counter!(ORDERS, "status" => status).increment(1);
}

pub(crate) fn count_confirmed(total: Money, took: Duration) {
    count_order("confirmed");
    let currency = total.currency.code().to_owned();
    metrics::counter!(REVENUE, "currency" => currency).increment(u64::try_from(total.minor).unwrap_or(0));
    metrics::histogram!(CONFIRMED_AFTER).record(took.as_secs_f64());
}

pub(crate) fn count_asked_again(state: &'static str) {
    metrics::counter!(ASKED_AGAIN, "state" => state).increment(1);
}
