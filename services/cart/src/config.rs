//! The settings of this service.

use serde::{Deserialize, Serialize};

/// The section `[cart]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// For how many seconds what the catalogue said of a SKU is kept; 0 asks each time. A change is heard of by event
    /// before that; an order is always placed at the catalogue's own price.
    pub price_cache_seconds: u32,
    /// After how many days without a change a guest's cart is removed.
    pub guest_cart_days: u32,
    /// How many seconds there are between two looks for such carts.
    pub sweep_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { price_cache_seconds: 5, guest_cart_days: 30, sweep_seconds: 3600 }
    }
}
