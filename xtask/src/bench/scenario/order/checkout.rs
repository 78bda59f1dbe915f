//! Guests who fill a cart, and guests who order what is in one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use http::{HeaderValue, Uri};
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use super::watch::Placed;
use crate::bench::{
    chance::Chance,
    client::{Ask, Reply, post},
    load::{Actor, Load},
    market::{Market, Offer, add, text},
};

const LINES: usize = 2;
const CLIENTS: usize = 16;

/// A cart that is to be ordered: its token, and the idempotency key.
#[derive(Clone, Debug)]
pub(super) struct Basket {
    cart: HeaderValue,
    key: HeaderValue,
}

/// So many carts with something in them. Other rounds have other idempotency keys.
///
/// # Errors
/// Something cannot be put into one.
pub(super) async fn fill(market: &Market, round: u64, count: usize) -> Result<Vec<Basket>> {
    let guests = (0..CLIENTS).map(|client| Filling {
        offers: Arc::clone(&market.offers),
        chance: Chance::new(round << 32 | client as u64),
        left: (count + client) / CLIENTS,
        lines: 0,
        cart: None,
        filled: Vec::new(),
    });
    let (measured, guests) = market.drive(Load::until_done(), guests.collect()).await?;
    if let Some(error) = measured.errors.first {
        bail!("fill carts: {error}");
    }
    Ok(guests.into_iter().flat_map(|guest| guest.filled).collect())
}

struct Filling {
    offers: Arc<[Offer]>,
    chance: Chance,
    left: usize,
    lines: usize,
    cart: Option<HeaderValue>,
    filled: Vec<Basket>,
}

impl Actor for Filling {
    fn next(&mut self) -> Option<Ask> {
        if self.left == 0 {
            return None;
        }
        let mut ask = add(&self.chance.pick(&self.offers).sku);
        if let Some(cart) = &self.cart {
            ask.headers_mut().insert("x-cart-token", cart.clone());
        }
        Some(ask)
    }

    fn saw(&mut self, reply: &Reply, _: Instant) -> Result<()> {
        self.lines += 1;
        self.cart = reply.headers.get("x-cart-token").or(self.cart.as_ref()).cloned();
        if self.lines == LINES {
            let cart = self.cart.take().context("a guest's cart has a token")?;
            self.filled.push(Basket { cart, key: key(&mut self.chance)? });
            self.lines = 0;
            self.left -= 1;
        }
        Ok(())
    }
}

/// A UUID of version 4.
fn key(chance: &mut Chance) -> Result<HeaderValue> {
    let (high, low) = (chance.next(), chance.next());
    let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
    let (fourth, fifth) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    Ok(format!("{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{fifth:012x}").try_into()?)
}

/// Orders one basket after the other.
pub(super) struct Checkout {
    baskets: Arc<Mutex<Vec<Basket>>>,
    placed: Option<UnboundedSender<Placed>>,
}

impl Checkout {
    /// So many, who share the baskets.
    pub(super) fn many(count: usize, baskets: Vec<Basket>) -> Vec<Self> {
        let baskets = Arc::new(Mutex::new(baskets));
        (0..count).map(|_| Self { baskets: Arc::clone(&baskets), placed: None }).collect()
    }

    /// The same, and every order that is placed is told to somebody.
    pub(super) fn watched(count: usize, baskets: Vec<Basket>, placed: &UnboundedSender<Placed>) -> Vec<Self> {
        let watched = |checkout| Self { placed: Some(placed.clone()), ..checkout };
        Self::many(count, baskets).into_iter().map(watched).collect()
    }
}

impl Actor for Checkout {
    fn next(&mut self) -> Option<Ask> {
        let basket = self.baskets.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let order = json!({
            "shippingAddress": {
                "name": "Ann Example", "line1": "1 High Street", "line2": "", "city": "Springfield",
                "region": "OR", "postalCode": "97477", "countryCode": "US", "phone": "+1 541 555 0100"
            },
            "paymentToken": "tok_visa",
            "email": "guest@example.com",
        });
        let mut ask = post(Uri::from_static("/api/v1/orders"), &order);
        ask.headers_mut().insert("x-cart-token", basket.cart);
        ask.headers_mut().insert("idempotency-key", basket.key);
        Some(ask)
    }

    fn saw(&mut self, reply: &Reply, sent: Instant) -> Result<()> {
        let Some(placed) = &self.placed else { return Ok(()) };
        let token = reply.headers.get("x-order-token").context("a guest's order has a token")?.clone();
        let order_id = text(&reply.json()?["orderId"]);
        // Nobody listens any more only when the run is over.
        drop(placed.send(Placed { order_id, token, sent }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_uuids_and_differ() {
        let mut chance = Chance::new(1);
        let [first, second] = [(); 2].map(|()| key(&mut chance).expect("is a header"));
        assert_ne!(first, second);
        let text = first.to_str().expect("is ASCII");
        let lengths: Vec<_> = text.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(text.as_bytes()[14] == b'4' && b"89ab".contains(&text.as_bytes()[19]), "{text}");
    }
}
