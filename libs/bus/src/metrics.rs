//! Every metric of the bus.

use metrics::{Unit, describe_counter};

/// How messages ended, per consumer and kind. `result`: `handled`, `retried`, `parked` or `failed`.
pub const BUS_MESSAGES_TOTAL: &str = "bus_messages_total";

/// The names of all metrics here.
pub const ALL: &[&str] = &[BUS_MESSAGES_TOTAL];

/// Registers the help texts with the recorder.
pub fn describe() {
    describe_counter!(
        BUS_MESSAGES_TOTAL,
        Unit::Count,
        "Messages that a consumer handled, retried, parked or failed on"
    );
}

pub(crate) const HANDLED: &str = "handled";
pub(crate) const RETRIED: &str = "retried";
pub(crate) const PARKED: &str = "parked";
pub(crate) const FAILED: &str = "failed";

pub(crate) fn count(consumer: &'static str, kind: &str, result: &'static str, messages: u64) {
    metrics::counter!(BUS_MESSAGES_TOTAL, "consumer" => consumer, "kind" => kind.to_owned(), "result" => result)
        .increment(messages);
}
