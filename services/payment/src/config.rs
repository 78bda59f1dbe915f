//! Settings of this service.

use std::time::Duration;

use kernel::Backoff;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// The section `[payment]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who carries out new payments. There is: `sandbox`.
    pub provider: String,
    /// How long a provider may take to answer. Later its answer counts as lost and is looked up.
    pub call_timeout_ms: u64,
    /// How many calls to providers are under way at once.
    pub concurrent_calls: usize,
    /// How often at least the worker looks for calls that are due.
    pub poll_ms: u64,
    /// How long a shopper may take to confirm a payment with the bank, unless the provider says.
    pub confirm_seconds: u64,
    /// How long to wait before a lost answer is looked up, doubled each time …
    pub retry_base_ms: u64,
    /// … up to this.
    pub retry_cap_ms: u64,
    /// The provider for trying everything out without an account.
    pub sandbox: Sandbox,
}

/// The section `[payment.sandbox]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    /// What its webhooks are signed with. Made at the first start, and kept in the database, when empty.
    #[serde(serialize_with = "mask")]
    pub webhook_secret: SecretString,
    /// The secret before this one: its signatures hold too while secrets are being changed. Empty for none.
    #[serde(serialize_with = "mask")]
    pub webhook_secret_before: SecretString,
    /// How long after the fact it sends its webhooks.
    pub webhook_delay_ms: u64,
    /// How long the tokens that lose an answer keep the connection open before it breaks.
    pub lost_answer_ms: u64,
    /// How long `tok_slow` takes.
    pub slow_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            provider: crate::provider::sandbox::NAME.to_owned(),
            call_timeout_ms: 20_000,
            concurrent_calls: 64,
            poll_ms: 500,
            confirm_seconds: 15 * 60,
            retry_base_ms: 1000,
            retry_cap_ms: 5 * 60 * 1000,
            sandbox: Sandbox::default(),
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            webhook_secret: String::new().into(),
            webhook_secret_before: String::new().into(),
            webhook_delay_ms: 250,
            lost_answer_ms: 2000,
            slow_ms: 5000,
        }
    }
}

impl Config {
    pub(crate) fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }

    pub(crate) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(1))
    }

    pub(crate) fn confirm(&self) -> Duration {
        Duration::from_secs(self.confirm_seconds)
    }

    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(self.retry_base_ms), Duration::from_millis(self.retry_cap_ms))
    }
}

/// What is set, if anything is: an empty text is no secret.
pub(crate) fn set(secret: &SecretString) -> Option<SecretString> {
    Some(secret.clone()).filter(|secret| !secret.expose_secret().is_empty())
}

fn mask<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(set(secret).map_or("", |_| "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_tells_no_secret() {
        let sandbox = Sandbox { webhook_secret: "s3cret".to_owned().into(), ..Sandbox::default() };
        let config = Config { sandbox, ..Config::default() };
        let dump = serde_json::to_string(&config).expect("a configuration is JSON");
        assert!(
            dump.contains(r#""webhook_secret":"***","webhook_secret_before":"""#) && !dump.contains("s3cret"),
            "{dump}"
        );
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
