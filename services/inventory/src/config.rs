//! Settings of this service.

use serde::{Deserialize, Serialize};

/// The section `[inventory]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often reservations that nobody committed or released are looked for, in seconds.
    pub expiry_sweep_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { expiry_sweep_seconds: 10 }
    }
}
