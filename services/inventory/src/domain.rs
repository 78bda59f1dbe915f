//! The rules of stock. No I/O.

use crate::Error;

/// No SKU has more on the shelf. Keeps sums far from the limits of 64 bits.
pub(crate) const MAX_ON_HAND: i64 = 1_000_000_000;

/// How much there is of one SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) sku: String,
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    /// It was adjusted at least once.
    pub(crate) touched: bool,
}

/// How somebody changes what is on hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// So many more, or fewer.
    Delta(i64),
    /// So many from now on.
    OnHand(i64),
    /// So many, unless it was ever adjusted.
    Initial(i64),
}

impl Change {
    /// What is on hand afterwards.
    pub(crate) fn apply(self, level: &Level) -> Result<i64, Error> {
        let on_hand = match self {
            Self::Delta(delta) => level.on_hand.saturating_add(delta),
            Self::OnHand(on_hand) => on_hand,
            Self::Initial(_) if level.touched => level.on_hand,
            Self::Initial(on_hand) => on_hand,
        };
        if on_hand < level.reserved {
            return Err(Error::WouldBeNegative {
                sku: level.sku.clone(),
                on_hand: level.on_hand,
                reserved: level.reserved,
            });
        }
        if on_hand > MAX_ON_HAND {
            return Err(Error::LimitExceeded { sku: level.sku.clone() });
        }
        Ok(on_hand)
    }
}

/// One adjustment of one SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adjustment {
    pub(crate) sku: String,
    pub(crate) change: Change,
    pub(crate) reason: String,
}

/// So many of a SKU, for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
}

/// Sums the lines of each SKU and sorts them: an order that names a SKU twice is checked once with the sum, and all
/// orders lock SKUs in the same order.
pub(crate) fn by_sku(lines: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let mut sums = std::collections::BTreeMap::<String, i64>::new();
    for line in lines {
        let sum = sums.entry(line.sku).or_default();
        *sum = sum.saturating_add(line.quantity);
    }
    sums.into_iter().map(|(sku, quantity)| Line { sku, quantity }).collect()
}

/// Why stock moved. The numbers are stored, and are those of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MovementKind {
    Adjusted = 1,
    Reserved = 2,
    Committed = 3,
    Released = 4,
    Restocked = 5,
}

/// Where a reservation is. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReservationState {
    Active = 1,
    Committed = 2,
    Released = 3,
    Expired = 4,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(on_hand: i64, reserved: i64) -> Level {
        Level { sku: "A".into(), on_hand, reserved, touched: on_hand > 0 }
    }

    #[test]
    fn what_is_reserved_cannot_be_taken_off_the_shelf() {
        assert_eq!(Change::Delta(-7).apply(&level(10, 3)), Ok(3));
        for change in [Change::Delta(-8), Change::OnHand(2), Change::Delta(i64::MIN)] {
            assert!(
                matches!(change.apply(&level(10, 3)), Err(Error::WouldBeNegative { reserved: 3, .. })),
                "{change:?}"
            );
        }
    }

    #[test]
    fn nothing_grows_beyond_the_limit() {
        assert_eq!(Change::OnHand(MAX_ON_HAND).apply(&level(0, 0)), Ok(MAX_ON_HAND));
        for change in [Change::Delta(i64::MAX), Change::OnHand(MAX_ON_HAND + 1)] {
            assert!(matches!(change.apply(&level(1, 0)), Err(Error::LimitExceeded { .. })), "{change:?}");
        }
    }

    #[test]
    fn initial_stock_is_set_once() {
        assert_eq!(Change::Initial(25).apply(&level(0, 0)), Ok(25));
        assert_eq!(Change::Initial(25).apply(&level(3, 0)), Ok(3));
    }

    #[test]
    fn lines_of_one_sku_are_summed_and_sorted() {
        let line = |sku: &str, quantity| Line { sku: sku.into(), quantity };
        assert_eq!(by_sku([line("b", 1), line("a", 2), line("b", 3)]), [line("a", 2), line("b", 4)]);
    }
}
