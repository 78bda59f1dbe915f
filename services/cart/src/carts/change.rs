//! Changes of one cart: each a transaction that changes what it says and nothing that others change meanwhile.
//!
//! Each is told the cart as it was read before. If the version says that nobody has changed it since, the cart after
//! the change is known without reading it again.

use db::Tx;

use crate::{
    Error,
    domain::{Cart, Line, MAX_LINES, position},
    owner::Owner,
    store::{self, Touched, items},
};

/// Adds to a line, or adds the line; `new` makes a cart for a guest who has none.
pub(super) async fn add(tx: &Tx, owner: &Owner, before: Option<&Cart>, new: bool, added: &Line) -> Result<Cart, Error> {
    let touched = match owner {
        Owner::Account(account_id) => store::touch_account(tx, account_id).await?,
        Owner::Guest(token_hash) if new => store::create_for_guest(tx, token_hash).await?,
        Owner::Guest(_) => touch(tx, owner).await?,
    };
    let added = &Line { position: position(touched.version, 0), ..added.clone() };
    if !items::add(tx, &touched.cart_id, added).await? {
        let lines = items::of(tx, &touched.cart_id).await?;
        let quantity = lines.iter().find(|line| line.sku == added.sku).map_or(0, |line| line.quantity);
        return Err(Error::QuantityLimit { sku: added.sku.clone(), quantity });
    }
    let cart = after(tx, touched, before, |lines| match lines.iter_mut().find(|line| line.sku == added.sku) {
        Some(line) => {
            *line = Line { quantity: line.quantity + added.quantity, position: line.position, ..added.clone() };
        }
        None => lines.push(added.clone()),
    })
    .await?;
    if cart.lines.len() > MAX_LINES {
        return Err(Error::LineLimit);
    }
    match cart.lines.iter().find(|line| line.currency != added.currency) {
        None => Ok(cart),
        Some(other) => Err(Error::CurrencyMismatch { cart: other.currency.clone(), item: added.currency.clone() }),
    }
}

/// Sets how many of a SKU are in the cart.
pub(super) async fn set(tx: &Tx, owner: &Owner, before: &Cart, sku: &str, quantity: i32) -> Result<Cart, Error> {
    let touched = touch(tx, owner).await?;
    if !items::set(tx, &touched.cart_id, sku, quantity).await? {
        return Err(Error::ItemNotFound { sku: sku.to_owned() });
    }
    after(tx, touched, Some(before), |lines| {
        lines.iter_mut().filter(|line| line.sku == sku).for_each(|line| line.quantity = quantity);
    })
    .await
}

/// Removes a line.
pub(super) async fn remove(tx: &Tx, owner: &Owner, before: &Cart, sku: &str) -> Result<Cart, Error> {
    let touched = touch(tx, owner).await?;
    if !items::remove(tx, &touched.cart_id, sku).await? {
        return Err(Error::ItemNotFound { sku: sku.to_owned() });
    }
    after(tx, touched, Some(before), |lines| lines.retain(|line| line.sku != sku)).await
}

/// Removes all lines.
pub(super) async fn clear(tx: &Tx, owner: &Owner) -> Result<Cart, Error> {
    let touched = touch(tx, owner).await?;
    items::clear(tx, &touched.cart_id).await?;
    Ok(cart(tx, touched, Vec::new()))
}

async fn touch(tx: &Tx, owner: &Owner) -> Result<Touched, Error> {
    store::touch(tx, owner).await?.ok_or(Error::CartNotFound)
}

/// The cart after `change`, the change that was just stored.
async fn after(
    tx: &Tx,
    touched: Touched,
    before: Option<&Cart>,
    change: impl FnOnce(&mut Vec<Line>) + Send,
) -> Result<Cart, Error> {
    let known = match before {
        Some(before) if before.cart_id == touched.cart_id && before.version + 1 == touched.version => {
            Some(before.lines.clone())
        }
        None if touched.version == 1 => Some(Vec::new()),
        Some(_) | None => None,
    };
    let lines = match known {
        Some(mut lines) => {
            change(&mut lines);
            lines
        }
        None => items::of(tx, &touched.cart_id).await?,
    };
    Ok(cart(tx, touched, lines))
}

fn cart(tx: &Tx, touched: Touched, lines: Vec<Line>) -> Cart {
    Cart { cart_id: touched.cart_id, version: touched.version, update_time: tx.now(), lines }
}
