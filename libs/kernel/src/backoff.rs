//! How long to wait before trying again.

use std::time::Duration;

/// Exponential waiting with full jitter: a random time up to `base`, doubled per attempt, never above `cap`.
///
/// Full jitter spreads those who failed together, so that they do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait before the second attempt.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

impl Backoff {
    /// A backoff.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// How long to wait after `failures` failures in a row (1 or more).
    #[must_use]
    pub fn wait(&self, failures: u32) -> Duration {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the operating system has random numbers");
        let share = u64::from_le_bytes(random) >> 32;
        let wait = u128::from(share).saturating_mul(self.longest(failures).as_nanos()) >> 32;
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    fn longest(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).and_then(|factor| self.base.checked_mul(factor));
        doubled.map_or(self.cap, |wait| wait.min(self.cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(800));

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let waits: Vec<u128> = [1, 2, 3, 5, 6, 31, 32, 4000].map(|n| BACKOFF.longest(n).as_millis()).into();
        assert_eq!(waits, [50, 100, 200, 800, 800, 800, 800, 800]);
    }

    #[test]
    fn waits_differ_and_stay_below_the_longest() {
        let waits: Vec<Duration> = (0..100).map(|_| BACKOFF.wait(1)).collect();
        assert!(waits.iter().all(|wait| *wait <= BACKOFF.base));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
