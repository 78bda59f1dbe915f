//! What a cart is: pure, without storage or transport.

pub(crate) mod merge;
pub(crate) mod pricing;

use kernel::Timestamp;

/// How many lines a cart has at most.
pub(crate) const MAX_LINES: usize = 200;

/// How many a line has at most.
pub(crate) const MAX_QUANTITY: i32 = 999;

kernel::id!(pub(crate) CartId, "a cart");

/// A cart as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cart {
    pub cart_id: String,
    pub version: i64,
    pub update_time: Timestamp,
    /// In the order they were first added.
    pub lines: Vec<Line>,
}

/// A line of a cart as it is stored. Product and title are those of when it was added, for when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub sku: String,
    pub quantity: i32,
    pub currency: String,
    pub product_id: String,
    pub title: String,
    /// Where it stands among the others: see [`position`].
    pub position: i64,
}

/// The place of the `nth` line that the change to this version of the cart adds: after all that were there before.
pub(crate) fn position(version: i64, nth: usize) -> i64 {
    version.saturating_mul(1000).saturating_add(i64::try_from(nth).unwrap_or(i64::MAX))
}

impl Cart {
    /// The line with the SKU.
    pub(crate) fn line(&self, sku: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.sku == sku)
    }

    /// The SKUs of all lines.
    pub(crate) fn skus(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.sku.as_str())
    }
}
