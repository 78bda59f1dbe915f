//! What is promised, and whether it is kept.

use std::time::Duration;

/// A promise, and whether it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// What is promised.
    pub(crate) text: String,
    /// Whether it is kept.
    pub(crate) met: bool,
}

impl Budget {
    /// At most so much processor time for each.
    pub(crate) fn cpu(most: Duration, each: Duration) -> Self {
        Self { text: format!("CPU ≤ {} µs", thousands(most.as_micros())), met: each <= most }
    }

    /// Ninety-nine of a hundred take less.
    pub(crate) fn p99(below: Duration, p99: Option<Duration>) -> Self {
        Self { text: format!("p99 < {} ms", thousands(below.as_millis())), met: p99.is_some_and(|p99| p99 < below) }
    }

    /// Less than.
    pub(crate) fn below(below: Duration, value: Duration) -> Self {
        Self { text: format!("< {} ms", thousands(below.as_millis())), met: value < below }
    }

    /// At least so many a second.
    pub(crate) fn rate(least: u32, per_second: f64) -> Self {
        Self { text: format!("≥ {}/s", thousands(least.into())), met: per_second >= f64::from(least) }
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { text: format!("{}, {}", self.text, other.text), met: self.met && other.met }
    }
}

/// A number with its thousands set apart: `19,406`.
pub(crate) fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
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
    fn a_promise_is_kept_up_to_its_limit() {
        let micros = Duration::from_micros;
        assert!(Budget::cpu(micros(120), micros(120)).met);
        assert!(!Budget::cpu(micros(120), micros(121)).met);
        assert!(!Budget::p99(micros(10), Some(micros(10))).met);
        assert!(!Budget::p99(micros(10), None).met);
        assert!(Budget::rate(300, 300.0).met);
        let both = Budget::cpu(micros(4000), micros(1)).and(Budget::rate(300, 299.9));
        assert_eq!(both, Budget { text: "CPU ≤ 4,000 µs, ≥ 300/s".into(), met: false });
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (19_406, "19,406"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
