//! Every metric of the caches.

use metrics::{Unit, describe_counter};

/// Look-ups, per cache. `result`: `hit` or `miss`.
pub const CACHE_REQUESTS_TOTAL: &str = "cache_requests_total";

/// The names of all metrics here.
pub const ALL: &[&str] = &[CACHE_REQUESTS_TOTAL];

/// Registers the help texts with the recorder.
pub fn describe() {
    describe_counter!(CACHE_REQUESTS_TOTAL, Unit::Count, "Look-ups in a cache by result");
}
