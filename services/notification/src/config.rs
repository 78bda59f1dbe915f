//! Settings of this service.

use std::time::Duration;

use kernel::Backoff;
use serde::{Deserialize, Serialize};

/// The section `[notification]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where mail goes: `file://` and a folder, in which each mail becomes an `.eml` file. The process fills in the
    /// folder `mail` of its data directory when empty.
    pub mail_url: String,
    /// Where mail goes when that fails; empty for nowhere.
    pub fallback_mail_url: String,
    /// Who mail is from: `Name <address>`.
    pub from: String,
    /// What the shop is called in mail.
    pub shop_name: String,
    /// The address of the shop, for links in mail. No slash at the end.
    pub public_url: String,
    /// How often at least the postman looks for mail that is due.
    pub poll_ms: u64,
    /// How long to wait before mail that could not be handed over is tried again, doubled each time …
    pub retry_base_ms: u64,
    /// … up to this.
    pub retry_cap_ms: u64,
    /// How long mail is tried before it is given up.
    pub give_up_hours: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mail_url: String::new(),
            fallback_mail_url: String::new(),
            from: "UltraMarket <no-reply@ultramarket.localhost>".to_owned(),
            shop_name: "UltraMarket".to_owned(),
            public_url: "http://127.0.0.1:8000".to_owned(),
            poll_ms: 1000,
            retry_base_ms: 2000,
            retry_cap_ms: 30 * 60 * 1000,
            give_up_hours: 24,
        }
    }
}

impl Config {
    pub(crate) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(1))
    }

    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(self.retry_base_ms), Duration::from_millis(self.retry_cap_ms))
    }

    pub(crate) fn give_up(&self) -> Duration {
        Duration::from_secs(self.give_up_hours.saturating_mul(3600))
    }
}
