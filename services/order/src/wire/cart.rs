//! What the cart service says.

use ultramarket_api::cart::v1 as pb;

use crate::domain::{
    order::CartVersion,
    purchase::{Basket, BasketLine, Problem},
};

impl From<pb::Cart> for Basket {
    fn from(cart: pb::Cart) -> Self {
        Self {
            cart: CartVersion { id: cart.cart_id, version: cart.version },
            lines: cart.items.into_iter().map(BasketLine::from).collect(),
        }
    }
}

impl From<pb::CartItem> for BasketLine {
    fn from(item: pb::CartItem) -> Self {
        let problem = match item.problem() {
            pb::cart_item::Problem::Unspecified => None,
            pb::cart_item::Problem::ProductUnavailable => Some(Problem::Gone),
            pb::cart_item::Problem::InsufficientStock => {
                Some(Problem::Short { available: item.available.unwrap_or(0) })
            }
        };
        Self { sku: item.sku, quantity: item.quantity, problem }
    }
}
