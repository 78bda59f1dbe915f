//! Where parcels go.

use kernel::Timestamp;

kernel::id!(pub(crate) AddressId, "an address");

/// An address that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedAddress {
    pub(crate) id: AddressId,
    pub(crate) address: Address,
    pub(crate) created_at: Timestamp,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) line1: String,
    pub(crate) line2: String,
    pub(crate) city: String,
    pub(crate) region: String,
    pub(crate) postal_code: String,
    pub(crate) country_code: String,
    pub(crate) phone: String,
}
