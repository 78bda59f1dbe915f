//! What a person tells about themselves.

use kernel::Timestamp;

use super::{UserId, seller::Seller};

/// The version of a profile that was never changed.
pub(crate) const FIRST_VERSION: i64 = 1;

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) user: UserId,
    pub(crate) email: String,
    pub(crate) about: About,
    /// One more with every change.
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) seller: Option<Seller>,
}

/// The part that its owner writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) display_name: String,
    pub(crate) phone: String,
    pub(crate) locale: String,
    pub(crate) marketing_consent: bool,
}

/// New values for some of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) display_name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) marketing_consent: Option<bool>,
}

impl Profile {
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }
}

impl Change {
    /// What comes of `about`.
    pub(crate) fn apply(self, about: &About) -> About {
        About {
            display_name: self.display_name.unwrap_or_else(|| about.display_name.clone()),
            phone: self.phone.unwrap_or_else(|| about.phone.clone()),
            locale: self.locale.unwrap_or_else(|| about.locale.clone()),
            marketing_consent: self.marketing_consent.unwrap_or(about.marketing_consent),
        }
    }
}
