//! Carries events from the outbox of one service to the consumers of others, at least once.
//!
//! A [`Message`] is published by a relay and handled by every [`Subscription`] that names its kind. Messages of one
//! aggregate reach a consumer in the order they were published, messages of different aggregates in any order.
//! Delivery is at least once: consumers deduplicate by [`Message::id`] (`db::Inbox` does).
//! [`Bus::publish`] answers `Ok` for a message only once nothing of it can be lost any more, so its outbox row may be
//! marked; until then the row stays and is published again.

mod error;
mod in_process;
mod message;
pub mod metrics;
pub mod trace;

use std::sync::Arc;

pub use error::{BoxError, ConnectError, HandleError, PublishError, SubscribeError};
pub use in_process::{InProcess, Settings};
pub use message::{Bus, Handler, Message, SharedBus, Subscription};

/// The schemes that [`connect`] knows.
pub const SCHEMES: &[&str] = &["memory"];

/// The bus that `url` names. `memory://` is a bus within this process.
///
/// # Errors
/// When the scheme is not one of [`SCHEMES`].
pub fn connect(url: &str) -> Result<SharedBus, ConnectError> {
    let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
    if scheme == "memory" {
        return Ok(Arc::new(InProcess::default()));
    }
    Err(ConnectError { scheme: scheme.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scheme_is_refused_with_the_known_ones() {
        let error = connect("amqp://guest:guest@localhost").expect_err("not supported");
        assert_eq!(error.to_string(), "no bus for the scheme \"amqp\"; there is: memory");
        assert!(connect("memory://").is_ok());
    }
}
