//! How long things took.

use std::time::Duration;

/// How long each of many took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// One more.
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Those of another place, too.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What so many of a hundred did not exceed; nothing if there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<T: IntoIterator<Item = Duration>>(all: T) -> Self {
        Self(all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Latencies {
        millis.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let hundred = of((1..=100).rev());
        for percent in [1, 50, 99, 100] {
            let value = hundred.percentile(percent).expect("there are values");
            assert_eq!(value.as_millis(), u128::try_from(percent).expect("is small"));
        }
        assert_eq!(of([3, 1, 2]).percentile(50), Some(Duration::from_millis(2)));
        assert_eq!(of([5]).percentile(0), Some(Duration::from_millis(5)));
        assert_eq!(of([]).percentile(50), None);
    }
}
