//! Numbers that look random and are the same in every run.

/// A sequence of such numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence of that name.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number, below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a length fits into 64 bits");
        usize::try_from(self.next() % end).expect("it is below a length")
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_up_and_every_run_is_the_same() {
        let run = || {
            let mut chance = Chance::new(7);
            (0..1000).map(|_| chance.below(10)).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        for choice in 0..10 {
            let count = first.iter().filter(|&&chosen| chosen == choice).count();
            assert!((50..200).contains(&count), "{choice} came up {count} times");
        }
    }
}
