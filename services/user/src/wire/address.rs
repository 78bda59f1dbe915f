//! Addresses.

use service_kit::wire::timestamp;
use ultramarket_api::{r#type::v1 as shared, user::v1 as pb};

use super::Texts;
use crate::{
    Error,
    domain::address::{Address, SavedAddress},
};

impl TryFrom<Option<shared::Address>> for Address {
    type Error = Error;

    fn try_from(address: Option<shared::Address>) -> Result<Self, Error> {
        let address = address.unwrap_or_default();
        let mut texts = Texts::default();
        let tidy = Self {
            name: texts.required("address.name", &address.name),
            line1: texts.required("address.line1", &address.line1),
            line2: texts.plain("address.line2", &address.line2),
            city: texts.required("address.city", &address.city),
            region: texts.plain("address.region", &address.region),
            postal_code: texts.plain("address.postalCode", &address.postal_code),
            country_code: address.country_code,
            phone: texts.plain("address.phone", &address.phone),
        };
        texts.done(tidy)
    }
}

impl From<SavedAddress> for pb::SavedAddress {
    fn from(saved: SavedAddress) -> Self {
        let address = saved.address;
        Self {
            address_id: saved.id.to_string(),
            address: Some(shared::Address {
                name: address.name,
                line1: address.line1,
                line2: address.line2,
                city: address.city,
                region: address.region,
                postal_code: address.postal_code,
                country_code: address.country_code,
                phone: address.phone,
            }),
            create_time: Some(timestamp(saved.created_at)),
        }
    }
}
