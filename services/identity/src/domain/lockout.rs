//! How often somebody may be wrong about a password.
//!
//! Counted per address, whether an account has it or not: a lock tells nothing about who is registered. What counts
//! is wrong passwords in a row; one that is right, or a new password by mail, begins anew, and so does a day without
//! a wrong one.

use std::time::Duration;

use kernel::Timestamp;

/// When sign-in is locked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lockout {
    /// From this many failures in a row on, each one locks.
    pub(crate) after: u32,
    /// For so long.
    pub(crate) lasts: Duration,
    /// Failures are forgotten when the last one is so long ago.
    pub(crate) forget: Duration,
}

/// The failures in a row at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failures {
    pub(crate) count: u32,
    pub(crate) last_at: Timestamp,
    pub(crate) locked_until: Option<Timestamp>,
}

impl Failures {
    /// How long the lock still holds, if there is one.
    pub(crate) fn locked_for(&self, now: Timestamp) -> Option<Duration> {
        self.locked_until.map(|until| until.since(now)).filter(|left| !left.is_zero())
    }
}

impl Lockout {
    /// One more failure.
    pub(crate) fn fail(&self, before: Option<Failures>, now: Timestamp) -> Failures {
        let remembered = before.filter(|failures| now.since(failures.last_at) < self.forget);
        let count = remembered.map_or(0, |failures| failures.count).saturating_add(1);
        Failures { count, last_at: now, locked_until: (count >= self.after).then(|| now + self.lasts) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const LOCKOUT: Lockout = Lockout { after: 3, lasts: MINUTE, forget: Duration::from_secs(24 * 3600) };

    fn fail_at(times: &[Duration]) -> Failures {
        let mut failures = None;
        for time in times {
            failures = Some(LOCKOUT.fail(failures, Timestamp::EPOCH + *time));
        }
        failures.expect("there is at least one")
    }

    #[test]
    fn the_last_of_the_allowed_failures_locks_for_a_while() {
        let failures = fail_at(&[Duration::ZERO, Duration::ZERO]);
        assert_eq!(failures.locked_for(Timestamp::EPOCH), None);
        let failures = fail_at(&[Duration::ZERO; 3]);
        assert_eq!(failures.locked_for(Timestamp::EPOCH), Some(MINUTE));
        assert_eq!(failures.locked_for(Timestamp::EPOCH + MINUTE), None);
    }

    #[test]
    fn after_a_lock_one_more_failure_locks_again() {
        let failures = fail_at(&[Duration::ZERO, Duration::ZERO, Duration::ZERO, MINUTE * 2]);
        assert_eq!(failures.locked_for(Timestamp::EPOCH + MINUTE * 2), Some(MINUTE));
    }

    #[test]
    fn a_day_without_a_failure_forgets_them() {
        let failures = fail_at(&[Duration::ZERO, Duration::ZERO, Duration::ZERO, LOCKOUT.forget]);
        assert_eq!((failures.count, failures.locked_until), (1, None));
    }
}
