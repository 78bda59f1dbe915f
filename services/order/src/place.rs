//! Placing an order: from the caller's cart, at the catalog's prices, to a stored order in one transaction with the
//! reply to its key.

use std::{collections::HashMap, sync::Arc};

use db::{Db, idempotency::Claim};
use kernel::Timestamp;
use service_kit::{Caller, Rpc, idempotent};
use ultramarket_api::{
    cart::v1::{GetCartRequest, cart_service_client::CartServiceClient},
    catalog::v1::{BatchGetVariantsRequest, catalog_service_client::CatalogServiceClient},
    order::v1 as pb,
};

use crate::{
    Error,
    checkout::Checkout,
    domain::{
        order::{Buyer, Order, OrderId, PaymentId},
        purchase::{Basket, Listing, Purchase},
        saga::Saga,
    },
    error::of_partner,
    store::orders,
    wire,
};

/// How often an order whose number is taken by chance gets another one.
const NUMBERS_TRIED: u32 = 3;

/// Places orders on behalf of callers.
#[derive(Clone, Debug)]
pub(crate) struct Placing {
    db: Db,
    cart: CartServiceClient<Rpc>,
    catalog: CatalogServiceClient<Rpc>,
    checkout: Arc<Checkout>,
}

/// Who buys, and who is told about it.
struct Customer {
    buyer: Buyer,
    email: String,
}

impl Placing {
    pub(crate) fn new(db: Db, cart: Rpc, catalog: Rpc, checkout: Arc<Checkout>) -> Self {
        let (cart, catalog) = (CartServiceClient::new(cart), CatalogServiceClient::new(catalog));
        Self { db, cart, catalog, checkout }
    }

    /// Places an order for what is in the caller's cart.
    pub(crate) async fn place(
        &self,
        caller: &Caller,
        claim: Arc<Claim>,
        request: pb::PlaceOrderRequest,
    ) -> Result<pb::Order, Error> {
        let customer = Customer::of(caller, &request.email)?;
        let shown = request.expected_total.as_ref().map(|total| (total.currency_code.as_str(), total.amount_minor));
        let basket = self.basket(caller).await?;
        basket.check()?;
        let listings = self.listings(&basket).await?;
        let purchase = basket.at(listings)?;
        purchase.costs(shown)?;
        let mut tried = 0;
        loop {
            let order = self.order(&customer, &purchase, &request);
            tried += 1;
            return match self.store(&order, &purchase, &claim).await {
                Err(Error::Db(error)) if error.violates(&orders::NUMBER) && tried < NUMBERS_TRIED => continue,
                Err(Error::CartAlreadyOrdered { .. }) => {
                    let order_id = orders::of_cart(self.db.reader(), &purchase.cart).await?;
                    Err(Error::CartAlreadyOrdered { order_id })
                }
                stored => stored,
            };
        }
    }

    /// What is in the caller's cart.
    async fn basket(&self, caller: &Caller) -> Result<Basket, Error> {
        let cart = self.cart.clone().get_cart(caller.forward(GetCartRequest {})).await;
        Ok(cart.map_err(|status| of_partner("the cart service", status))?.into_inner().into())
    }

    /// What the catalog has for it. The cart's own prices may be some seconds old.
    async fn listings(&self, basket: &Basket) -> Result<HashMap<String, Listing>, Error> {
        let skus = basket.lines.iter().map(|line| line.sku.clone()).collect();
        let variants = self.catalog.clone().batch_get_variants(BatchGetVariantsRequest { skus }).await;
        wire::catalog::listings(variants.map_err(|status| of_partner("the catalog", status))?.into_inner())
    }

    fn order(&self, customer: &Customer, purchase: &Purchase, request: &pb::PlaceOrderRequest) -> Order {
        let now: Timestamp = self.db.clock().now();
        Order {
            id: OrderId::generate(&**self.db.ids()),
            buyer: customer.buyer.clone(),
            cart: purchase.cart.clone(),
            total: purchase.total,
            payment_id: PaymentId::generate(&**self.db.ids()),
            payment_token: request.payment_token.clone(),
            address: request.shipping_address.clone().unwrap_or_default().into(),
            email: customer.email.clone(),
            placed_at: now,
            updated_at: now,
            version: 1,
            saga: Saga::begin(now, self.checkout.patience()),
        }
    }

    async fn store(&self, order: &Order, purchase: &Purchase, claim: &Claim) -> Result<pb::Order, Error> {
        self.db
            .write(|tx| {
                Box::pin(async move {
                    self.checkout.begin(tx, order, &purchase.lines).await?;
                    let reply = wire::order::order(order, &purchase.lines);
                    idempotent::complete(claim, tx, &reply).await?;
                    Ok(reply)
                })
            })
            .await
    }
}

impl Customer {
    fn of(caller: &Caller, email: &str) -> Result<Self, Error> {
        let told = |otherwise: Option<&String>| match (email, otherwise) {
            ("", None) => Err(Error::EmailRequired),
            ("", Some(own)) => Ok(own.clone()),
            (email, _) => Ok(email.to_owned()),
        };
        Ok(match caller.signed_in() {
            Some(account) => Self { buyer: Buyer::Account(account.id.clone()), email: told(Some(&account.email))? },
            None => Self { buyer: Buyer::Guest, email: told(None)? },
        })
    }
}
