//! The metrics of this service.

/// Reservations asked for, by `result`: `reserved` or `rejected`.
pub const RESERVATIONS: &str = "stock_reservations_total";
/// Reservations that ended because nobody committed or released them.
pub const EXPIRED: &str = "stock_reservations_expired_total";

/// Describes them to the recorder.
pub fn describe() {
    metrics::describe_counter!(RESERVATIONS, "reservations asked for");
    metrics::describe_counter!(EXPIRED, "reservations that ended because nobody committed or released them");
}
