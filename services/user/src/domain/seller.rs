//! Who sells, or wants to.

use kernel::Timestamp;

use super::UserId;
use crate::Error;

/// A seller, or somebody who applied to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seller {
    pub(crate) user: UserId,
    pub(crate) shop_name: String,
    pub(crate) status: Status,
    pub(crate) applied_at: Timestamp,
}

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Waits for an administrator.
    Pending,
    /// May sell. Stays so.
    Approved,
}

impl Status {
    const ALL: [Self; 2] = [Self::Pending, Self::Approved];

    /// As stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Seller {
    /// What an application leads to, given the one before. An approved one cannot be made again.
    pub(crate) fn apply(before: Option<&Self>, user: UserId, shop_name: String, now: Timestamp) -> Result<Self, Error> {
        match before {
            None => Ok(Self { user, shop_name, status: Status::Pending, applied_at: now }),
            Some(Self { status: Status::Pending, applied_at, .. }) => {
                Ok(Self { user, shop_name, status: Status::Pending, applied_at: *applied_at })
            }
            Some(Self { status: Status::Approved, shop_name, .. }) => {
                Err(Error::SellerAlreadyApproved { shop_name: shop_name.clone() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_application_may_be_changed_until_it_is_approved() {
        let user: UserId = "01890000-0000-7000-8000-000000000000".parse().expect("is an id");
        let later = Timestamp::EPOCH + Duration::from_secs(1);
        let first = Seller::apply(None, user, "Bob's".into(), Timestamp::EPOCH).expect("is new");
        let second = Seller::apply(Some(&first), user, "Bob & Sons".into(), later).expect("still waits");
        assert_eq!(second, Seller { shop_name: "Bob & Sons".into(), ..first.clone() });
        let approved = Seller { status: Status::Approved, ..second };
        let third = Seller::apply(Some(&approved), user, "Bob's".into(), later);
        assert!(matches!(third, Err(Error::SellerAlreadyApproved { shop_name }) if shop_name == "Bob & Sons"));
    }

    #[test]
    fn names_are_read_as_they_are_stored() {
        for status in Status::ALL {
            assert_eq!(Status::named(status.name()), Some(status));
        }
        assert_eq!(Status::named("SOLD"), None);
    }
}
