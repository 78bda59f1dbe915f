//! Two carts become one.

use ultramarket_api::cart::v1::MergeAdjustment;

use super::{Line, MAX_LINES, MAX_QUANTITY, position};

/// What merging changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    /// Lines that are new or have another quantity.
    pub changed: Vec<Line>,
    /// Lines that could not be taken over whole.
    pub adjustments: Vec<Adjustment>,
}

/// A line that could not be taken over whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adjustment {
    pub sku: String,
    /// How many both carts asked for together.
    pub requested: i64,
    /// How many are in the cart now.
    pub kept: i32,
}

/// Takes the lines of `guest` over into `own`: quantities sum up to the limit of a line; lines beyond the limit of a
/// cart, and lines in another currency, are dropped. What is in `own`, whose version this is, stays in any case.
pub(crate) fn merge(own: &[Line], guest: &[Line], version: i64) -> Merged {
    let mut merged = Merged::default();
    let mut room = MAX_LINES.saturating_sub(own.len());
    let currency = own.first().or_else(|| guest.first()).map(|line| line.currency.as_str());
    for line in guest {
        let before = own.iter().find(|own| own.sku == line.sku);
        let requested = i64::from(line.quantity) + before.map_or(0, |own| i64::from(own.quantity));
        let fits = before.is_some() || (room > 0 && Some(line.currency.as_str()) == currency);
        let kept = if fits { i32::try_from(requested).unwrap_or(MAX_QUANTITY).min(MAX_QUANTITY) } else { 0 };
        if i64::from(kept) != requested {
            merged.adjustments.push(Adjustment { sku: line.sku.clone(), requested, kept });
        }
        match before {
            Some(own) if own.quantity != kept => merged.changed.push(Line { quantity: kept, ..own.clone() }),
            None if fits => {
                room -= 1;
                let position = position(version, merged.changed.len());
                merged.changed.push(Line { position, ..line.clone() });
            }
            Some(_) | None => {}
        }
    }
    merged
}

impl From<Adjustment> for MergeAdjustment {
    fn from(adjustment: Adjustment) -> Self {
        Self { sku: adjustment.sku, requested: adjustment.requested, kept: adjustment.kept }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(sku: &str, quantity: i32) -> Line {
        Line {
            sku: sku.into(),
            quantity,
            currency: "USD".into(),
            product_id: String::new(),
            title: String::new(),
            position: 0,
        }
    }

    fn many(prefix: &str, count: usize) -> Vec<Line> {
        (0..count).map(|number| line(&format!("{prefix}{number}"), 1)).collect()
    }

    fn adjustments(merged: &Merged) -> Vec<(&str, i64, i32)> {
        merged.adjustments.iter().map(|one| (one.sku.as_str(), one.requested, one.kept)).collect()
    }

    #[test]
    fn quantities_sum_up_to_the_limit() {
        let merged = merge(&[line("A", 900), line("B", 1)], &[line("A", 100), line("C", 2)], 1);
        let changed: Vec<_> = merged.changed.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
        assert_eq!(changed, [("A", 999), ("C", 2)]);
        assert_eq!(adjustments(&merged), [("A", 1000, 999)]);
    }

    #[test]
    fn lines_beyond_the_limit_are_dropped() {
        let merged = merge(&many("own", 199), &many("guest", 3), 1);
        assert_eq!(merged.changed.len(), 1);
        assert_eq!(adjustments(&merged), [("guest1", 1, 0), ("guest2", 1, 0)]);
    }

    #[test]
    fn lines_in_another_currency_are_dropped() {
        let euro = Line { currency: "EUR".into(), ..line("E", 3) };
        let merged = merge(&[line("A", 1)], &[euro.clone(), line("B", 1)], 1);
        assert_eq!(adjustments(&merged), [("E", 3, 0)]);
        assert_eq!(merge(&[], &[euro], 1).adjustments, []);
    }

    proptest! {
        #[test]
        fn limits_hold_and_nothing_is_lost_in_silence(
            own in prop::collection::btree_map("[A-Z]{1,2}", 1..=999_i32, 0..=200),
            guest in prop::collection::btree_map("[A-Z]{1,2}", 1..=999_i32, 0..=200),
        ) {
            let lines = |lines: &std::collections::BTreeMap<String, i32>| -> Vec<Line> {
                lines.iter().map(|(sku, &quantity)| line(sku, quantity)).collect()
            };
            let merged = merge(&lines(&own), &lines(&guest), 1);
            let mut after = own.clone();
            after.extend(merged.changed.iter().map(|line| (line.sku.clone(), line.quantity)));
            prop_assert!(after.len() <= MAX_LINES);
            prop_assert!(after.values().all(|quantity| (1..=MAX_QUANTITY).contains(quantity)));
            for (sku, quantity) in &guest {
                let requested = quantity + own.get(sku).unwrap_or(&0);
                let kept = after.get(sku).copied().unwrap_or(0);
                let told = merged.adjustments.iter().find(|one| one.sku == *sku);
                prop_assert_eq!(told.is_some(), kept != requested);
                prop_assert!(told.is_none_or(|told| told.kept == kept && told.requested == i64::from(requested)));
            }
        }
    }
}
