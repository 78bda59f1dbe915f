//! What callers do with carts.
//!
//! What the catalogue says is asked for before anything changes: a change that was stored and then could not be
//! shown would be made again by a client that tries again.

mod change;
mod merge;

use std::sync::Arc;

use db::Db;
use service_kit::Account;
use ultramarket_api::cart::v1 as pb;

use crate::{
    Error,
    domain::{Cart, Line, MAX_QUANTITY, pricing},
    owner::{Owner, Token},
    prices::{PriceList, Prices},
    stock::Availability,
    store,
};

/// The carts.
#[derive(Clone, Debug)]
pub(crate) struct Carts {
    db: Db,
    prices: Arc<PriceList>,
    availability: Arc<Availability>,
}

impl Carts {
    pub(crate) fn new(db: Db, prices: Arc<PriceList>, availability: Availability) -> Self {
        Self { db, prices, availability: Arc::new(availability) }
    }

    /// The owner's cart; an empty one where there is none.
    pub(crate) async fn get(&self, owner: Option<&Owner>) -> Result<pb::Cart, Error> {
        match self.find(owner).await? {
            None => Ok(pb::Cart::default()),
            Some(cart) => {
                let prices = self.prices.of(cart.skus()).await?;
                self.show(cart, prices).await
            }
        }
    }

    /// Puts more of a SKU into the cart. A guest without a cart gets one, and the token for it.
    pub(crate) async fn add(
        &self,
        owner: Option<Owner>,
        sku: &str,
        quantity: i32,
    ) -> Result<(pb::Cart, Option<Token>), Error> {
        let before = self.find(owner.as_ref()).await?;
        if before.is_none() && matches!(owner, Some(Owner::Guest(_))) {
            return Err(Error::CartNotFound);
        }
        let prices = self.prices.of(before.iter().flat_map(Cart::skus).chain([sku])).await?;
        let added = line(&prices, sku, quantity)?;
        let token = owner.is_none().then(Token::random);
        let owner = owner.or_else(|| token.as_ref().map(Token::owner)).ok_or(Error::CartNotFound)?;
        let (owner, before, added, new) = (&owner, before.as_ref(), &added, token.is_some());
        let cart = self.db.write(|tx| Box::pin(change::add(tx, owner, before, new, added))).await?;
        Ok((self.show(cart, prices).await?, token))
    }

    /// Sets how many of a SKU are in the cart; none removes the line.
    pub(crate) async fn set(&self, owner: Option<&Owner>, sku: &str, quantity: i32) -> Result<pb::Cart, Error> {
        let (owner, before) = self.with_line(owner, sku).await?;
        let prices = self.prices.of(before.skus()).await?;
        if before.line(sku).is_some_and(|line| line.quantity == quantity) {
            return self.show(before, prices).await;
        }
        let before = &before;
        let cart = match quantity {
            0 => self.db.write(|tx| Box::pin(change::remove(tx, owner, before, sku))).await?,
            1..=MAX_QUANTITY => self.db.write(|tx| Box::pin(change::set(tx, owner, before, sku, quantity))).await?,
            _ => {
                let quantity = before.line(sku).map_or(0, |line| line.quantity);
                return Err(Error::QuantityLimit { sku: sku.to_owned(), quantity });
            }
        };
        self.show(cart, prices).await
    }

    /// Removes a line.
    pub(crate) async fn remove(&self, owner: Option<&Owner>, sku: &str) -> Result<pb::Cart, Error> {
        let (owner, before) = self.with_line(owner, sku).await?;
        let (before, prices) = (&before, self.prices.of(before.skus()).await?);
        let cart = self.db.write(|tx| Box::pin(change::remove(tx, owner, before, sku))).await?;
        self.show(cart, prices).await
    }

    /// Removes all lines.
    pub(crate) async fn clear(&self, owner: Option<&Owner>) -> Result<pb::Cart, Error> {
        let before = self.find(owner).await?;
        match (owner, before) {
            (Some(Owner::Guest(_)), None) => Err(Error::CartNotFound),
            (None, _) | (_, None) => Ok(pb::Cart::default()),
            (Some(_), Some(before)) if before.lines.is_empty() => self.show(before, Prices::default()).await,
            (Some(owner), Some(_)) => {
                let cart = self.db.write(|tx| Box::pin(change::clear(tx, owner))).await?;
                self.show(cart, Prices::default()).await
            }
        }
    }

    /// Moves a guest's cart into the account's.
    pub(crate) async fn merge(&self, account: &Account, token: &str) -> Result<pb::MergeCartResponse, Error> {
        let (account_id, guest) = (account.id.as_str(), &Owner::of_token(token));
        let adjustments = self.db.write(|tx| Box::pin(merge::merge(tx, account_id, guest))).await?;
        // Asking again is harmless: merging the same cart again changes nothing and tells the same.
        let cart = self.get(Some(&Owner::Account(account_id.to_owned()))).await?;
        Ok(pb::MergeCartResponse { cart: Some(cart), adjustments })
    }

    async fn find(&self, owner: Option<&Owner>) -> Result<Option<Cart>, Error> {
        match owner {
            None => Ok(None),
            Some(owner) => Ok(store::find(self.db.reader(), owner).await?),
        }
    }

    /// The owner's cart, which has a line with the SKU.
    async fn with_line<'a>(&self, owner: Option<&'a Owner>, sku: &str) -> Result<(&'a Owner, Cart), Error> {
        let missing = || Error::ItemNotFound { sku: sku.to_owned() };
        let cart = match (owner, self.find(owner).await?) {
            (Some(owner), Some(cart)) => (owner, cart),
            (Some(Owner::Account(_)), None) => return Err(missing()),
            (Some(Owner::Guest(_)) | None, _) => return Err(Error::CartNotFound),
        };
        if cart.1.line(sku).is_none() { Err(missing()) } else { Ok(cart) }
    }

    /// Shows the cart, asking for what of it has come in meanwhile.
    async fn show(&self, cart: Cart, mut prices: Prices) -> Result<pb::Cart, Error> {
        let unknown: Vec<&str> = cart.skus().filter(|sku| !prices.has_answer(sku)).collect();
        if !unknown.is_empty() {
            prices.extend(self.prices.of(unknown).await?);
        }
        let sold = cart.skus().filter(|sku| prices.get(sku).is_some()).map(str::to_owned).collect();
        let stock = self.availability.of(sold).await;
        Ok(pricing::show(&cart, &prices, &stock)?)
    }
}

/// The line for so many of a SKU, which is for sale.
fn line(prices: &Prices, sku: &str, quantity: i32) -> Result<Line, Error> {
    let offer = prices.get(sku).and_then(|variant| Some((variant, variant.price.as_ref()?)));
    let (variant, price) = offer.ok_or_else(|| Error::SkuNotFound { sku: sku.to_owned() })?;
    Ok(Line {
        sku: sku.to_owned(),
        quantity,
        currency: price.currency_code.clone(),
        product_id: variant.product_id.clone(),
        title: variant.title.clone(),
        // Known once the cart is.
        position: 0,
    })
}
