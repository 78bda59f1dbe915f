//! Sessions and their refresh tokens.
//!
//! All refresh tokens of one sign-in are a family: the session. Each is exchanged once for its successor, so of a
//! token that was copied the thief's use or the owner's comes second, and ends the session for both. The one
//! exception is a reply lost on its way: shortly after, and only while the successor was not used, the token is
//! exchanged once more, and the successor nobody received becomes void.

use std::time::Duration;

use kernel::Timestamp;

kernel::id!(pub(crate) SessionId, "a session");

/// How long sessions and tokens work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// Since it was last refreshed.
    pub(crate) idle: Duration,
    /// Since the sign-in.
    pub(crate) max: Duration,
    /// How long a used token is exchanged again, for want of the first reply.
    pub(crate) leeway: Duration,
}

/// One sign-in on one device.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) device: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) ended: bool,
}

impl Session {
    /// Whether its tokens still work.
    pub(crate) fn is_live(&self, now: Timestamp, lifetimes: &Lifetimes) -> bool {
        !self.ended && now < self.expires_at && now < self.last_used_at + lifetimes.idle
    }
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing yet: the one token of its session that works.
    Unused,
    /// It was exchanged at that time, lastly for the token with this digest.
    Exchanged { at: Timestamp, successor: String },
    /// Its reply was given up for lost, and another token took its place.
    Void,
}

/// What to do with a token that is presented for a live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Exchange it.
    Exchange,
    /// Exchange it once more, and void the successor that was lost.
    ExchangeAgain { lost: String },
    /// Two have it: end the session.
    Reuse,
}

/// Decides on a presented token. `successor` is the use of the token it was last exchanged for.
pub(crate) fn judge(presented: &Use, successor: Option<&Use>, now: Timestamp, lifetimes: &Lifetimes) -> Verdict {
    match presented {
        Use::Unused => Verdict::Exchange,
        Use::Exchanged { at, successor: digest }
            if now.since(*at) < lifetimes.leeway && successor == Some(&Use::Unused) =>
        {
            Verdict::ExchangeAgain { lost: digest.clone() }
        }
        Use::Exchanged { .. } | Use::Void => Verdict::Reuse,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LIFETIMES: Lifetimes =
        Lifetimes { idle: Duration::from_secs(700), max: Duration::from_secs(3000), leeway: Duration::from_secs(10) };

    fn exchanged(at: Timestamp) -> Use {
        Use::Exchanged { at, successor: "child".to_owned() }
    }

    #[test]
    fn a_lost_reply_is_made_up_for_while_its_token_is_unused() {
        let at = Timestamp::EPOCH;
        let lost = Verdict::ExchangeAgain { lost: "child".to_owned() };
        assert_eq!(judge(&exchanged(at), Some(&Use::Unused), at + SECOND * 9, &LIFETIMES), lost);
        assert_eq!(judge(&exchanged(at), Some(&Use::Unused), at + SECOND * 10, &LIFETIMES), Verdict::Reuse);
        assert_eq!(judge(&exchanged(at), Some(&exchanged(at)), at, &LIFETIMES), Verdict::Reuse);
        assert_eq!(judge(&exchanged(at), Some(&Use::Void), at, &LIFETIMES), Verdict::Reuse);
        assert_eq!(judge(&exchanged(at), None, at, &LIFETIMES), Verdict::Reuse);
    }

    #[test]
    fn a_void_token_is_never_exchanged() {
        assert_eq!(judge(&Use::Void, None, Timestamp::EPOCH, &LIFETIMES), Verdict::Reuse);
    }

    #[test]
    fn a_session_ends_by_idling_by_age_and_by_command() {
        let at = |seconds| Timestamp::EPOCH + SECOND * seconds;
        let session = Session {
            id: "01890000-0000-7000-8000-000000000000".parse().expect("is an id"),
            device: String::new(),
            created_at: at(0),
            last_used_at: at(2500),
            expires_at: at(3000),
            ended: false,
        };
        assert!(session.is_live(at(2999), &LIFETIMES));
        assert!(!session.is_live(at(3000), &LIFETIMES));
        let idle = Session { last_used_at: at(1000), ..session.clone() };
        assert_eq!((idle.is_live(at(1699), &LIFETIMES), idle.is_live(at(1700), &LIFETIMES)), (true, false));
        assert!(!Session { ended: true, ..session }.is_live(at(2600), &LIFETIMES));
    }

    /// A session as the store keeps it, driven by presenting tokens in any order.
    #[derive(Default)]
    struct Family {
        tokens: Vec<Use>,
        ended: bool,
    }

    impl Family {
        fn present(&mut self, place: usize, now: Timestamp) {
            if self.ended {
                return;
            }
            let successor = match &self.tokens[place] {
                Use::Exchanged { successor, .. } => Some(successor.parse::<usize>().expect("is a place")),
                Use::Unused | Use::Void => None,
            };
            let next = self.tokens.len();
            let successor_use = successor.map(|place| self.tokens[place].clone());
            match judge(&self.tokens[place], successor_use.as_ref(), now, &LIFETIMES) {
                Verdict::Exchange => self.tokens[place] = Use::Exchanged { at: now, successor: next.to_string() },
                Verdict::ExchangeAgain { lost } => {
                    self.tokens[lost.parse::<usize>().expect("is a place")] = Use::Void;
                    let Use::Exchanged { at, .. } = self.tokens[place] else { panic!("only used tokens are") };
                    self.tokens[place] = Use::Exchanged { at, successor: next.to_string() };
                }
                Verdict::Reuse => {
                    self.ended = true;
                    return;
                }
            }
            self.tokens.push(Use::Unused);
        }
    }

    proptest! {
        #[test]
        fn a_live_session_always_has_exactly_one_token_that_works(
            steps in proptest::collection::vec((any::<proptest::sample::Index>(), 0..20_u32), 1..40)
        ) {
            let mut family = Family { tokens: vec![Use::Unused], ended: false };
            let mut now = Timestamp::EPOCH;
            for (index, pause) in steps {
                now = now + SECOND * pause;
                let place = index.index(family.tokens.len());
                let was_void = family.tokens[place] == Use::Void;
                family.present(place, now);
                prop_assert!(!was_void || family.ended, "a void token ends the session");
                prop_assert_eq!(family.tokens.iter().filter(|token| **token == Use::Unused).count(), 1);
            }
        }
    }
}
