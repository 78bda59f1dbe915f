//! What every service means by an id, an amount of money, a moment, an error and a page.
//!
//! No I/O and no framework: domain code depends on this crate alone. Time and randomness come from here
//! ([`Clock`], [`Ids`]), so that tests decide both.

mod backoff;
mod clock;
mod error;
mod id;
mod money;
mod page;
mod secret;

pub use backoff::Backoff;
pub use clock::{Clock, FixedClock, SharedClock, SystemClock, Timestamp};
pub use error::{Classify, Fact, Kind, Violation};
pub use id::{Ids, ParseIdError, SequenceIds, SharedIds, SystemIds};
pub use money::{Currency, Money, MoneyError};
pub use page::{PageError, PageSize, PageTokens};
pub use secret::{random_token, sha256, sha256_hex};

// For the `id!` macro.
#[doc(hidden)]
pub use uuid;
