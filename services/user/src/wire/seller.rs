//! Sellers.

use service_kit::wire::timestamp;
use ultramarket_api::user::v1 as pb;

use super::Texts;
use crate::{
    Error,
    domain::seller::{Seller, Status},
};

const MIN_NAME: usize = 2;

/// The name of a shop.
pub(crate) fn shop_name(name: &str) -> Result<String, Error> {
    let mut texts = Texts::default();
    let tidy = texts.plain("shopName", name);
    if tidy.chars().count() < MIN_NAME {
        texts.refuse("shopName", format!("must have at least {MIN_NAME} characters that are no space"));
    }
    texts.done(tidy)
}

/// The status to list; none for all.
pub(crate) fn status(request: &pb::ListSellersRequest) -> Option<Status> {
    match request.status() {
        pb::seller::Status::Unspecified => None,
        pb::seller::Status::Pending => Some(Status::Pending),
        pb::seller::Status::Approved => Some(Status::Approved),
    }
}

impl From<Seller> for pb::Seller {
    fn from(seller: Seller) -> Self {
        let status = match seller.status {
            Status::Pending => pb::seller::Status::Pending,
            Status::Approved => pb::seller::Status::Approved,
        };
        Self {
            user_id: seller.user.to_string(),
            shop_name: seller.shop_name,
            status: status.into(),
            create_time: Some(timestamp(seller.applied_at)),
        }
    }
}
