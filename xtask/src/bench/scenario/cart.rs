//! Adding to carts: guests who begin one and put five things into it, and customers who add to what they have.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use http::HeaderValue;

use crate::bench::{
    Effort,
    budget::Budget,
    chance::Chance,
    client::{Ask, Reply},
    load::{Actor, Load},
    market::{Market, Offer, add, signed},
    report::Report,
};

const LINES: usize = 5;
const CLIENTS: u64 = 16;
/// Customers of each client. A line takes 999 of a SKU: together they can add more than any window lasts.
const CUSTOMERS: u64 = 4;

/// One guest after the other.
struct Guests {
    offers: Arc<[Offer]>,
    chance: Chance,
    cart: Option<HeaderValue>,
    lines: usize,
}

impl Actor for Guests {
    fn next(&mut self) -> Option<Ask> {
        if self.lines == LINES {
            self.cart = None;
            self.lines = 0;
        }
        self.lines += 1;
        let mut ask = add(&self.chance.pick(&self.offers).sku);
        if let Some(cart) = &self.cart {
            ask.headers_mut().insert("x-cart-token", cart.clone());
        }
        Some(ask)
    }

    fn saw(&mut self, reply: &Reply, _: Instant) -> Result<()> {
        self.cart = reply.headers.get("x-cart-token").or(self.cart.as_ref()).cloned();
        Ok(())
    }
}

/// Some customers, in turn.
struct Customers {
    customers: Vec<(HeaderValue, Vec<String>)>,
    turn: usize,
}

impl Actor for Customers {
    fn next(&mut self) -> Option<Ask> {
        let (authorization, skus) = &self.customers[self.turn % self.customers.len()];
        let sku = &skus[self.turn / self.customers.len() % skus.len()];
        self.turn += 1;
        Some(signed(add(sku), authorization))
    }
}

/// Adds to carts.
///
/// # Errors
/// The server is gone, or customers cannot register.
pub(super) async fn run(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let load = Load { per_second: None, warm_up: effort.warm_up, window: effort.window };
    let guests = (0..CLIENTS).map(|client| Guests {
        offers: Arc::clone(&market.offers),
        chance: Chance::new(client),
        cart: None,
        lines: 0,
    });
    let (measured, _) = market.drive(load, guests.collect()).await?;
    let budget = Budget::cpu(Duration::from_micros(300), measured.cpu_each());
    let connections = format!("{CLIENTS} connections");
    report.requests("add to cart, guests, 1 to 5 lines", connections.clone(), &measured, Some(budget));

    let mut chance = Chance::new(CLIENTS);
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let mut customers = Vec::new();
        for customer in 0..CUSTOMERS {
            let authorization = market.customer(&format!("cart-{client}-{customer}")).await?;
            let skus = (0..LINES).map(|_| chance.pick(&market.offers).sku.clone());
            customers.push((authorization, skus.collect()));
        }
        clients.push(Customers { customers, turn: 0 });
    }
    market.server.settle().await?;
    let (measured, _) = market.drive(load, clients).await?;
    let budget = Budget::cpu(Duration::from_micros(300), measured.cpu_each());
    report.requests("add to cart, customers, 5 lines", connections, &measured, Some(budget));
    Ok(())
}
