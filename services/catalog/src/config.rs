//! The settings of this service.

use serde::{Deserialize, Serialize};

/// The section `[catalog]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// For how many seconds a product that was read is kept near; 0 keeps none. A change made by another replica is
    /// seen that much later, one made by this process at once.
    pub product_cache_seconds: u32,
    /// How many products of an import are stored in one transaction. More are faster, and keep others waiting longer.
    pub import_batch: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { product_cache_seconds: 5, import_batch: 256 }
    }
}
