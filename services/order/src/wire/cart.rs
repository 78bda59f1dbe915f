//! What the cart service says.

use service_kit::wire::amount;
use tonic::{Code, Status};
use ultramarket_api::cart::v1 as pb;

use crate::{
    Error,
    domain::{
        order::CartVersion,
        purchase::{LineProblem, Offer, Offered},
    },
};

/// The cart's answer makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("line {sku} has no price")]
struct Unpriced {
    sku: String,
}

impl TryFrom<pb::Cart> for Offer {
    type Error = Error;

    fn try_from(cart: pb::Cart) -> Result<Self, Error> {
        let lines = cart.items.into_iter().map(Offered::try_from).collect::<Result<_, Error>>()?;
        Ok(Self { cart: CartVersion { id: cart.cart_id, version: cart.version }, lines })
    }
}

impl TryFrom<pb::CartItem> for Offered {
    type Error = Error;

    fn try_from(item: pb::CartItem) -> Result<Self, Error> {
        let problem = item.problem();
        let available = match problem {
            pb::cart_item::Problem::Unspecified => return buyable(item),
            pb::cart_item::Problem::ProductUnavailable => None,
            pb::cart_item::Problem::InsufficientStock => Some(item.available.unwrap_or(0)),
        };
        Ok(Self::Problem(LineProblem { sku: item.sku, requested: item.quantity, available }))
    }
}

fn buyable(item: pb::CartItem) -> Result<Offered, Error> {
    let Some(price) = &item.unit_price else {
        return Err(Error::Cart(Unpriced { sku: item.sku }.into()));
    };
    let unit_price = amount(price).map_err(|error| Error::Cart(error.into()))?;
    Ok(Offered::Buyable {
        sku: item.sku,
        product_id: item.product_id,
        title: item.title,
        quantity: item.quantity,
        unit_price,
    })
}

/// What a failure of the cart service means to who places an order.
pub(crate) fn failure(status: Status) -> Error {
    match status.code() {
        Code::NotFound if service_kit::reason(&status).as_deref() == Some("CART_NOT_FOUND") => Error::CartNotFound,
        Code::DeadlineExceeded => service_kit::Error::DeadlineExceeded.into(),
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Cancelled => {
            service_kit::Error::Unavailable { what: "the cart service" }.into()
        }
        _ => Error::Cart(status.into()),
    }
}
