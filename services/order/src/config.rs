//! The settings of this service.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::saga::Patience;

/// The section `[order]` of the configuration. Times are in the unit that their name says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long inventory may take to hold stock before the order is given up. It is asked once more halfway.
    pub reserve_seconds: u64,
    /// How long payment may take to answer before the payment counts as unknown and payment is asked again.
    pub authorize_seconds: u64,
    /// How long a shopper may take to confirm a payment with the bank.
    pub confirm_seconds: u64,
    /// How long it may take, all in all, until the money is held; later the order expires.
    pub pay_seconds: u64,
    /// How long stock is held for an order. Longer than `pay_seconds`, so that what is paid for is still held.
    pub hold_seconds: u64,
    /// How long to wait before asking again for what must come, doubled each time …
    pub ask_again_seconds: u64,
    /// … up to this.
    pub ask_again_cap_seconds: u64,
    /// How often at least the timers are looked at, which is also how late they may go.
    pub timer_poll_ms: u64,
    /// How many orders may be watched at once in this process.
    pub max_watchers: usize,
    /// How often a watched order is looked at for changes that another process made.
    pub watch_poll_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            reserve_seconds: 10,
            authorize_seconds: 30,
            confirm_seconds: 15 * 60,
            pay_seconds: 30 * 60,
            hold_seconds: 35 * 60,
            ask_again_seconds: 5,
            ask_again_cap_seconds: 5 * 60,
            timer_poll_ms: 1000,
            max_watchers: 10_000,
            watch_poll_ms: 2000,
        }
    }
}

/// Settings that contradict each other.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Contradiction(&'static str);

impl Config {
    /// Checks that the settings go together.
    pub(crate) fn check(&self) -> Result<(), Contradiction> {
        let positive = [
            self.reserve_seconds,
            self.authorize_seconds,
            self.confirm_seconds,
            self.ask_again_seconds,
            self.timer_poll_ms,
            self.watch_poll_ms,
        ];
        if positive.contains(&0) {
            return Err(Contradiction("times of order must not be 0"));
        }
        if self.hold_seconds <= self.pay_seconds {
            return Err(Contradiction("order.hold_seconds must be more than order.pay_seconds"));
        }
        if self.pay_seconds < self.reserve_seconds.max(self.authorize_seconds).max(self.confirm_seconds) {
            return Err(Contradiction("order.pay_seconds must not be less than the times it covers"));
        }
        if self.ask_again_cap_seconds < self.ask_again_seconds {
            return Err(Contradiction("order.ask_again_cap_seconds must not be less than order.ask_again_seconds"));
        }
        Ok(())
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience {
            reserve: Duration::from_secs(self.reserve_seconds),
            authorize: Duration::from_secs(self.authorize_seconds),
            confirm: Duration::from_secs(self.confirm_seconds),
            pay: Duration::from_secs(self.pay_seconds),
            ask_again: Duration::from_secs(self.ask_again_seconds),
            ask_again_cap: Duration::from_secs(self.ask_again_cap_seconds),
        }
    }

    pub(crate) fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds)
    }

    pub(crate) fn timer_poll(&self) -> Duration {
        Duration::from_millis(self.timer_poll_ms)
    }

    pub(crate) fn watch_poll(&self) -> Duration {
        Duration::from_millis(self.watch_poll_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together() {
        assert!(Config::default().check().is_ok());
    }

    #[test]
    fn a_hold_that_ends_before_the_payment_may_is_refused() {
        let config = Config { hold_seconds: 30 * 60, ..Config::default() };
        assert_eq!(
            config.check().expect_err("contradicts itself").to_string(),
            "order.hold_seconds must be more than order.pay_seconds"
        );
        assert!(Config { timer_poll_ms: 0, ..Config::default() }.check().is_err());
        assert!(Config { pay_seconds: 60, ..Config::default() }.check().is_err());
        assert!(Config { ask_again_cap_seconds: 1, ..Config::default() }.check().is_err());
    }
}
