//! Changes of one cart: each a transaction that changes what it says and nothing that others change meanwhile.

use db::Tx;

use crate::{
    Error,
    domain::{Cart, Line, MAX_LINES, position},
    owner::Owner,
    store::{self, Touched, items},
};

/// Adds to a line, or adds the line; `new` makes a cart for a guest who has none.
pub(super) async fn add(tx: &Tx, owner: &Owner, new: bool, added: &Line) -> Result<Cart, Error> {
    let touched = match owner {
        Owner::Account(account_id) => store::touch_account(tx, account_id).await?,
        Owner::Guest(token_hash) if new => store::create_for_guest(tx, token_hash).await?,
        Owner::Guest(_) => touch(tx, owner).await?,
    };
    let added = &Line { position: position(touched.version, 0), ..added.clone() };
    let fits = items::add(tx, &touched.cart_id, added).await?;
    let cart = cart(tx, touched).await?;
    if !fits {
        let quantity = cart.line(&added.sku).map_or(0, |line| line.quantity);
        return Err(Error::QuantityLimit { sku: added.sku.clone(), quantity });
    }
    if cart.lines.len() > MAX_LINES {
        return Err(Error::LineLimit);
    }
    match cart.lines.iter().find(|line| line.currency != added.currency) {
        None => Ok(cart),
        Some(other) => Err(Error::CurrencyMismatch { cart: other.currency.clone(), item: added.currency.clone() }),
    }
}

/// Sets how many of a SKU are in the cart.
pub(super) async fn set(tx: &Tx, owner: &Owner, sku: &str, quantity: i32) -> Result<Cart, Error> {
    let touched = touch(tx, owner).await?;
    let there = items::set(tx, &touched.cart_id, sku, quantity).await?;
    if there { cart(tx, touched).await } else { Err(Error::ItemNotFound { sku: sku.to_owned() }) }
}

/// Removes a line.
pub(super) async fn remove(tx: &Tx, owner: &Owner, sku: &str) -> Result<Cart, Error> {
    let touched = touch(tx, owner).await?;
    let there = items::remove(tx, &touched.cart_id, sku).await?;
    if there { cart(tx, touched).await } else { Err(Error::ItemNotFound { sku: sku.to_owned() }) }
}

/// Removes all lines.
pub(super) async fn clear(tx: &Tx, owner: &Owner) -> Result<Cart, Error> {
    let touched = touch(tx, owner).await?;
    items::clear(tx, &touched.cart_id).await?;
    cart(tx, touched).await
}

async fn touch(tx: &Tx, owner: &Owner) -> Result<Touched, Error> {
    store::touch(tx, owner).await?.ok_or(Error::CartNotFound)
}

async fn cart(tx: &Tx, touched: Touched) -> Result<Cart, Error> {
    let lines = items::of(tx, &touched.cart_id).await?;
    Ok(Cart { cart_id: touched.cart_id, version: touched.version, update_time: tx.now(), lines })
}
