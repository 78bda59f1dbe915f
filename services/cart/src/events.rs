//! What carts do when others tell of something.
//!
//! | event | effect | applied once because |
//! |---|---|---|
//! | `order.OrderConfirmed` | what was ordered leaves the cart | the inbox remembers the message |
//! | `catalog.ProductChanged`, `ProductDeleted` | what is kept of the product is forgotten ([`crate::prices`]) | twice is as good as once |

use std::collections::BTreeMap;

use async_trait::async_trait;
use bus::Message;
use db::{Apply, Tx};
use prost::{Message as _, Name};
use ultramarket_api::order::events::v1::OrderConfirmed;

use crate::{
    Error,
    owner::Owner,
    store::{self, items, merges},
};

/// Applies events to the database.
#[derive(Debug)]
pub(crate) struct Consumer;

#[async_trait]
impl Apply for Consumer {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![OrderConfirmed::full_name()]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        order_confirmed(tx, OrderConfirmed::decode(message.payload.clone())?).await
    }
}

/// Empties the cart if it is as it was ordered. What was put in since stays, wherever the cart's lines are by now.
async fn order_confirmed(tx: &Tx, event: OrderConfirmed) -> Result<(), Error> {
    let Some(ordered) = merges::touch_ordered(tx, &event.cart_id).await? else { return Ok(()) };
    let cart_id = match ordered.merged_into {
        Some(account_id) => match store::touch(tx, &Owner::Account(account_id)).await? {
            Some(touched) => touched.cart_id,
            None => return Ok(()),
        },
        None if ordered.version == event.cart_version => {
            items::clear(tx, &event.cart_id).await?;
            return Ok(());
        }
        None => event.cart_id,
    };
    let mut quantities: BTreeMap<String, i64> = BTreeMap::new();
    for item in event.order.unwrap_or_default().items {
        *quantities.entry(item.sku).or_default() += i64::from(item.quantity);
    }
    for (sku, quantity) in quantities {
        items::subtract(tx, &cart_id, &sku, quantity).await?;
    }
    Ok(())
}
