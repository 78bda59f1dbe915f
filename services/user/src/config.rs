//! Settings of this service.

use serde::{Deserialize, Serialize};

/// The section `[user]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Somebody has at most so many addresses (1 to 100).
    pub addresses_per_user: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { addresses_per_user: 100 }
    }
}

/// Settings that make no sense.
#[derive(Debug, thiserror::Error)]
#[error("settings of user: addresses_per_user = {0} is not between 1 and 100")]
pub(crate) struct ConfigError(u32);

impl Config {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if (1..=100).contains(&self.addresses_per_user) { Ok(()) } else { Err(ConfigError(self.addresses_per_user)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_addresses_has_a_bound() {
        assert!(Config::default().check().is_ok());
        for addresses_per_user in [0, 101] {
            assert!(Config { addresses_per_user }.check().is_err());
        }
    }
}
