//! What became of the products of an import.

use std::{fmt, ops::AddAssign, time::Duration};

use serde::{Deserialize, Serialize};
use ultramarket_api::catalog::v1::ImportProductsResponse;

/// How many products came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Tally {
    /// New products.
    pub(crate) created: u64,
    /// Products that differed.
    pub(crate) updated: u64,
    /// Products that were as they are.
    pub(crate) unchanged: u64,
    /// Products that were not taken.
    pub(crate) failed: u64,
    /// SKUs whose initial stock was asked for.
    pub(crate) stocked: u64,
}

impl Tally {
    /// All products.
    pub(crate) const fn products(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.failed
    }

    /// The sentence at the end of an import that had `now` products in `elapsed`.
    pub(crate) fn sentence(&self, now: u64, elapsed: Duration, dry_run: bool) -> String {
        let seconds = elapsed.as_secs_f64().max(0.001);
        let verb = if dry_run { "checked" } else { "imported" };
        let rate = thousands(u64::try_from(u128::from(now) * 1000 / elapsed.as_millis().max(1)).unwrap_or(u64::MAX));
        let stock = match self.stocked {
            0 => String::new(),
            stocked => format!(", initial stock of {} SKUs", thousands(stocked)),
        };
        format!("{verb} {} products in {seconds:.1} s ({rate} products/s): {self}{stock}", thousands(now))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [created, updated, unchanged, failed] =
            [self.created, self.updated, self.unchanged, self.failed].map(thousands);
        write!(f, "{created} created, {updated} updated, {unchanged} unchanged, {failed} failed")
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.failed += other.failed;
        self.stocked += other.stocked;
    }
}

impl AddAssign<&ImportProductsResponse> for Tally {
    fn add_assign(&mut self, reply: &ImportProductsResponse) {
        let count = |count: i32| u64::try_from(count).unwrap_or_default();
        self.created += count(reply.created_count);
        self.updated += count(reply.updated_count);
        self.unchanged += count(reply.unchanged_count);
        self.failed += count(reply.failed_count);
    }
}

/// A number with its thousands set apart: `19,406`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn the_sentence_says_what_and_how_fast() {
        let tally = Tally { created: 19_400, failed: 6, stocked: 19_400, ..Tally::default() };
        assert_eq!(
            tally.sentence(tally.products(), Duration::from_secs(4), false),
            "imported 19,406 products in 4.0 s (4,851 products/s): 19,400 created, 0 updated, 0 unchanged, 6 failed, \
             initial stock of 19,400 SKUs"
        );
    }
}
