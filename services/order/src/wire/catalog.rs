//! What the catalog says.

use std::collections::HashMap;

use service_kit::wire::amount;
use ultramarket_api::catalog::v1 as pb;

use crate::{Error, domain::purchase::Listing};

/// The catalog sells something without saying for how much.
#[derive(Debug, thiserror::Error)]
#[error("SKU {sku} has no price")]
struct Unpriced {
    sku: String,
}

/// What is for sale, by SKU.
pub(crate) fn listings(reply: pb::BatchGetVariantsResponse) -> Result<HashMap<String, Listing>, Error> {
    reply.variants.into_iter().map(listing).collect()
}

fn listing(variant: pb::SaleableVariant) -> Result<(String, Listing), Error> {
    let Some(price) = &variant.price else {
        return Err(Error::Partner(Unpriced { sku: variant.sku }.into()));
    };
    let price = amount(price).map_err(|error| Error::Partner(error.into()))?;
    Ok((variant.sku, Listing { product_id: variant.product_id, title: variant.title, price }))
}
