//! Typed UUIDv7 ids, and where new ones come from.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use uuid::Uuid;

use crate::{Clock, SystemClock, Timestamp};

/// Makes new ids.
pub trait Ids: Send + Sync + fmt::Debug {
    /// A new UUIDv7. Ids made later sort later, which is a hint and no promise.
    fn uuid(&self) -> Uuid;
}

/// The source of ids as services hold it.
pub type SharedIds = Arc<dyn Ids>;

/// Ids from the machine's clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("the operating system has random numbers");
        from_parts(SystemClock.now(), random)
    }
}

/// Ids that come out the same in every run, for tests.
#[derive(Debug, Default)]
pub struct SequenceIds(AtomicU64);

impl Ids for SequenceIds {
    fn uuid(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&number.to_be_bytes());
        from_parts(Timestamp::from_micros(1_700_000_000_000_000), tail)
    }
}

fn from_parts(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A text that is no id.
#[derive(Debug, thiserror::Error)]
#[error("not a UUID")]
pub struct ParseIdError;

/// Declares typed ids: `kernel::id!(pub(crate) OrderId, "an order")`.
#[macro_export]
macro_rules! id {
    ($visibility:vis $name:ident, $what:literal) => {
        #[doc = concat!("The id of ", $what, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name($crate::uuid::Uuid);

        impl $name {
            /// A new id.
            $visibility fn generate(ids: &dyn $crate::Ids) -> Self {
                Self(ids.uuid())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| $crate::ParseIdError)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    id!(pub(crate) ThingId, "a thing");

    #[test]
    fn ids_are_version_7_and_print_as_they_parse() {
        let id = ThingId::generate(&SystemIds);
        assert_eq!(SystemIds.uuid().get_version_num(), 7);
        assert_eq!(id.to_string().parse::<ThingId>().expect("parses"), id);
        assert!("nonsense".parse::<ThingId>().is_err());
    }

    #[test]
    fn a_sequence_never_repeats() {
        let ids = SequenceIds::default();
        assert!(ids.uuid() < ids.uuid());
    }
}
