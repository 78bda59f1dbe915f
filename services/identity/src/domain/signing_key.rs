//! When the key that signs access tokens is replaced.
//!
//! A key is published before it signs, so that verifiers that keep the key set know it in time, and after it has
//! signed for as long as its last token lives. There is one key in use, and at most one next.

use std::time::Duration;

use kernel::Timestamp;

/// How keys follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    /// A key signs for so long.
    pub(crate) every: Duration,
    /// The next key is published so long before it signs.
    pub(crate) publish: Duration,
    /// A retired key stays published for so long.
    pub(crate) keep: Duration,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Published, and signs nothing yet.
    Next,
    /// Signs.
    Current,
    /// Signs no more; tokens of it may still be out.
    Retired,
}

impl State {
    const ALL: [Self; 3] = [Self::Next, Self::Current, Self::Retired];

    /// As stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Next => "NEXT",
            Self::Current => "CURRENT",
            Self::Retired => "RETIRED",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A key, as far as rotation is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) state: State,
    /// When it got into that state.
    pub(crate) since: Timestamp,
}

/// One step of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make a new key of that state.
    Create(State),
    /// Let the next key sign, and retire the one that did.
    Promote { next: String, current: String },
    /// Forget a retired key.
    Remove(String),
}

impl Rotation {
    /// What is to be done now, one step at a time.
    pub(crate) fn step(&self, keys: &[Key], now: Timestamp) -> Option<Step> {
        let find = |state| keys.iter().find(|key| key.state == state);
        let Some(current) = find(State::Current) else { return Some(Step::Create(State::Current)) };
        let age = now.since(current.since);
        match find(State::Next) {
            None if age + self.publish >= self.every => return Some(Step::Create(State::Next)),
            Some(next) if age >= self.every && now.since(next.since) >= self.publish => {
                return Some(Step::Promote { next: next.kid.clone(), current: current.kid.clone() });
            }
            None | Some(_) => {}
        }
        let forgotten = |key: &&Key| key.state == State::Retired && now.since(key.since) >= self.keep;
        keys.iter().find(forgotten).map(|key| Step::Remove(key.kid.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const ROTATION: Rotation = Rotation { every: Duration::from_secs(100 * 3600), publish: HOUR, keep: HOUR };

    fn at(hours: u32) -> Timestamp {
        Timestamp::EPOCH + HOUR * hours
    }

    fn key(kid: &str, state: State, since: Timestamp) -> Key {
        Key { kid: kid.to_owned(), state, since }
    }

    #[test]
    fn the_first_key_signs_at_once() {
        assert_eq!(ROTATION.step(&[], at(0)), Some(Step::Create(State::Current)));
        assert_eq!(ROTATION.step(&[key("a", State::Current, at(0))], at(98)), None);
    }

    #[test]
    fn the_next_key_is_published_first_and_signs_later() {
        let a = key("a", State::Current, at(0));
        assert_eq!(ROTATION.step(std::slice::from_ref(&a), at(99)), Some(Step::Create(State::Next)));
        let keys = [a, key("b", State::Next, at(99))];
        assert_eq!(ROTATION.step(&keys, at(99)), None);
        let promote = Step::Promote { next: "b".to_owned(), current: "a".to_owned() };
        assert_eq!(ROTATION.step(&keys, at(100)), Some(promote));
    }

    #[test]
    fn a_next_key_made_too_late_is_published_long_enough_all_the_same() {
        let keys = [key("a", State::Current, at(0)), key("b", State::Next, at(500))];
        assert_eq!(ROTATION.step(&keys, at(500)), None);
        assert!(matches!(ROTATION.step(&keys, at(501)), Some(Step::Promote { .. })));
    }

    #[test]
    fn a_retired_key_is_published_until_its_last_token_has_expired() {
        let keys = [key("b", State::Current, at(100)), key("a", State::Retired, at(100))];
        assert_eq!(ROTATION.step(&keys, at(100)), None);
        assert_eq!(ROTATION.step(&keys, at(101)), Some(Step::Remove("a".to_owned())));
    }

    #[test]
    fn names_are_read_as_they_are_stored() {
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
        }
        assert_eq!(State::named("LOST"), None);
    }
}
