//! Settings of this service.

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    domain::{lockout::Lockout, session::Lifetimes, signing_key::Rotation},
    hasher,
};

const DAY: u64 = 24 * 60 * 60;
/// A retired key stays published for so much longer than the last token that it signed: clocks differ, and another
/// replica notices a rotation a little later.
const KEY_GRACE: Duration = Duration::from_secs(5 * 60);

/// The section `[identity]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The `iss` of all access tokens, and the beginning of the addresses in the discovery document: where clients
    /// reach the gateway, without a slash at the end.
    pub issuer: String,
    /// How long an access token is good, in minutes (1 to 60). An ended session keeps its access for at most so long.
    pub access_token_minutes: u32,
    /// A session that was not refreshed for so many days has ended.
    pub session_idle_days: u32,
    /// A session ends after so many days, however often it is refreshed.
    pub session_max_days: u32,
    /// A refresh token that was just used may be used again for so many seconds (0 to 60), as long as what it was
    /// exchanged for was not used: the reply may have been lost on its way.
    pub refresh_leeway_seconds: u32,
    /// An account has at most so many sessions (1 to 100); one more ends the one that was not used for longest.
    pub sessions_per_account: u32,
    /// After so many wrong passwords in a row (1 to 100), sign-in for the address is locked, whether there is such an
    /// account or not; and again after each further one.
    pub lockout_after: u32,
    /// For so many minutes.
    pub lockout_minutes: u32,
    /// A link to set a new password works for so many minutes.
    pub reset_minutes: u32,
    /// An account is mailed such a link at most once in so many minutes.
    pub reset_pause_minutes: u32,
    /// The key that signs access tokens is replaced after so many days.
    pub key_rotation_days: u32,
    /// The next key is published so many minutes before it signs, so that verifiers know it by then.
    pub key_publish_minutes: u32,
    /// Words that passwords must not be made of, besides the common ones and the account's own address: the name of
    /// the shop.
    pub forbidden_words: Vec<String>,
    /// How passwords are hashed.
    pub password: PasswordConfig,
}

/// The section `[identity.password]` of the configuration: the cost of argon2id. Passwords hashed at another cost are
/// hashed anew when their owner signs in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordConfig {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Mixed into each hash and kept outside of the database, which alone is then of no use to a thief. Optional. It
    /// may be set later; changed or lost, all passwords must be reset.
    #[serde(serialize_with = "masked")]
    pub pepper: Option<SecretString>,
    /// So many hashes are made at once; 0 means one per core.
    pub concurrency: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: "http://127.0.0.1:8000".to_owned(),
            access_token_minutes: 15,
            session_idle_days: 7,
            session_max_days: 30,
            refresh_leeway_seconds: 10,
            sessions_per_account: 100,
            lockout_after: 10,
            lockout_minutes: 15,
            reset_minutes: 60,
            reset_pause_minutes: 1,
            key_rotation_days: 90,
            key_publish_minutes: 60,
            forbidden_words: vec!["ultramarket".to_owned()],
            password: PasswordConfig::default(),
        }
    }
}

impl Default for PasswordConfig {
    fn default() -> Self {
        // Source: the OWASP Password Storage Cheat Sheet.
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1, pepper: None, concurrency: 0 }
    }
}

fn masked<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "***").serialize(serializer)
}

/// Settings that make no sense.
#[derive(Debug, thiserror::Error)]
#[error("settings of identity: {}", .problems.join("; "))]
pub struct ConfigError {
    /// All that is wrong.
    pub problems: Vec<String>,
}

impl Config {
    /// Checks all settings.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let within = [
            ("access_token_minutes", self.access_token_minutes, 1..=60),
            ("session_idle_days", self.session_idle_days, 1..=365),
            ("session_max_days", self.session_max_days, 1..=365),
            ("refresh_leeway_seconds", self.refresh_leeway_seconds, 0..=60),
            ("sessions_per_account", self.sessions_per_account, 1..=100),
            ("lockout_after", self.lockout_after, 1..=100),
            ("lockout_minutes", self.lockout_minutes, 1..=24 * 60),
            ("reset_minutes", self.reset_minutes, 5..=24 * 60),
            ("reset_pause_minutes", self.reset_pause_minutes, 0..=24 * 60),
            ("key_rotation_days", self.key_rotation_days, 1..=3650),
            ("key_publish_minutes", self.key_publish_minutes, 1..=24 * 60),
        ];
        let outside = within.into_iter().filter(|(_, value, range)| !range.contains(value));
        let mut problems: Vec<String> = outside
            .map(|(name, value, range)| {
                format!("{name} = {value} is not between {} and {}", range.start(), range.end())
            })
            .collect();
        if !self.issuer.starts_with("http://") && !self.issuer.starts_with("https://") || self.issuer.ends_with('/') {
            problems.push(format!("issuer = {:?} is no http(s) address without a slash at the end", self.issuer));
        }
        if let Err(error) = hasher::params(&self.password) {
            problems.push(format!("password: {error}"));
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    pub(crate) fn access_token_lifetime(&self) -> Duration {
        minutes(self.access_token_minutes)
    }

    pub(crate) fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            idle: days(self.session_idle_days),
            max: days(self.session_max_days),
            leeway: Duration::from_secs(self.refresh_leeway_seconds.into()),
        }
    }

    pub(crate) fn lockout(&self) -> Lockout {
        Lockout { after: self.lockout_after, lasts: minutes(self.lockout_minutes), forget: days(1) }
    }

    pub(crate) fn reset_lifetime(&self) -> Duration {
        minutes(self.reset_minutes)
    }

    pub(crate) fn reset_pause(&self) -> Duration {
        minutes(self.reset_pause_minutes)
    }

    pub(crate) fn rotation(&self) -> Rotation {
        Rotation {
            every: days(self.key_rotation_days),
            publish: minutes(self.key_publish_minutes),
            keep: self.access_token_lifetime() + KEY_GRACE,
        }
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        Config::default().check().expect("no problems");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let config = Config {
            issuer: "shop.example/".to_owned(),
            access_token_minutes: 0,
            lockout_after: 101,
            password: PasswordConfig { iterations: 0, ..PasswordConfig::default() },
            ..Config::default()
        };
        let problems = config.check().expect_err("has problems").problems;
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn the_pepper_is_never_shown() {
        let config: Config = serde_json::from_str(r#"{"password":{"pepper":"hot stuff"}}"#).expect("parses");
        let shown = serde_json::to_string(&config).expect("serializes") + &format!("{config:?}");
        assert!(shown.contains("***") && !shown.contains("hot stuff"), "{shown}");
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"lockout":1}"#).is_err());
    }
}
