//! Settings of this service.

use serde::{Deserialize, Serialize};

/// The section `[search]` of the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long changes are collected before they become searchable, in milliseconds.
    pub commit_interval_ms: u64,
    /// The attributes that results are counted by, with brand, category and price. Changing them rebuilds the index.
    pub facet_attributes: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        let facet_attributes = [
            "type",
            "product type",
            "color",
            "colour",
            "product colour",
            "size",
            "material",
            "gender",
            "capacity",
            "total storage capacity",
            "internal memory",
            "display diagonal",
            "processor family",
            "operating system installed",
            "connectivity technology",
            "cable length",
        ];
        Self { commit_interval_ms: 200, facet_attributes: facet_attributes.map(str::to_owned).to_vec() }
    }
}
