//! How long a saga waits for what.

use std::time::Duration;

use kernel::Timestamp;

use super::{Saga, State};

/// How long a saga waits. All of it is configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For stock to be held. Halfway it is asked for once more, so that a service that was down has its chance.
    pub(crate) reserve: Duration,
    /// For the provider's answer, before it counts as unknown.
    pub(crate) authorize: Duration,
    /// For the shopper to confirm with the bank.
    pub(crate) confirm: Duration,
    /// For the money to be held, all in all.
    pub(crate) pay: Duration,
    /// Before asking again for what must come, doubled each time …
    pub(crate) ask_again: Duration,
    /// … up to this.
    pub(crate) ask_again_cap: Duration,
}

impl Patience {
    /// When the timer of a saga goes that has just come to its state, or has just asked again.
    pub(crate) fn timer(&self, saga: &Saga, now: Timestamp) -> Option<Timestamp> {
        match saga.state {
            State::Reserving => Some(now + self.reserve / 2),
            State::Authorizing => Some(saga.pay_until.min(now + self.authorize)),
            State::RequiresAction => Some(saga.pay_until.min(saga.action_until.unwrap_or(now + self.confirm))),
            State::PaymentUnknown => Some(saga.pay_until.min(now + self.pause(saga.asked))),
            State::Committing | State::Capturing | State::CancellingPayment | State::Releasing => {
                Some(now + self.pause(saga.asked))
            }
            State::Confirmed | State::Cancelled => None,
        }
    }

    /// How long to wait after having asked again so often.
    fn pause(&self, asked: u32) -> Duration {
        let doubled = 1_u32.checked_shl(asked).and_then(|factor| self.ask_again.checked_mul(factor));
        doubled.map_or(self.ask_again_cap, |pause| pause.min(self.ask_again_cap))
    }
}

#[cfg(test)]
impl Patience {
    /// As configured by default.
    pub(crate) fn usual() -> Self {
        crate::Config::default().patience()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_cap() {
        let patience = Patience {
            ask_again: Duration::from_secs(5),
            ask_again_cap: Duration::from_secs(300),
            ..Patience::usual()
        };
        let pauses = [0, 1, 2, 5, 6, 31, 32, u32::MAX].map(|asked| patience.pause(asked).as_secs());
        assert_eq!(pauses, [5, 10, 20, 160, 300, 300, 300, 300]);
    }
}
