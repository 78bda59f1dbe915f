//! What carts count.

/// Times a cart was shown without stock problems because inventory did not answer.
pub const STOCK_UNKNOWN: &str = "cart_stock_unknown_total";
/// Guest carts removed because nobody used them.
pub const CARTS_SWEPT: &str = "carts_swept_total";

/// Describes them to the recorder.
pub fn describe() {
    metrics::describe_counter!(STOCK_UNKNOWN, "carts shown without stock problems because inventory did not answer");
    metrics::describe_counter!(CARTS_SWEPT, "guest carts removed because nobody used them");
}
