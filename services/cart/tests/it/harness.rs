//! A running cart service between a fake catalogue and a fake inventory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use service_kit::{Rpc, metadata};
use testkit::{Fake, Kit, Person};
use tonic::{Request, Response, Status};
use ultramarket_api::{
    cart::v1::{self as pb, cart_service_client::CartServiceClient},
    catalog::v1 as catalog,
    inventory::v1 as inventory,
    r#type::v1::Money,
};

/// What the other services say, for the test to change.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// Price in minor units and currency, by SKU. The product of a SKU is called as the SKU.
    pub(crate) prices: BTreeMap<String, (i64, &'static str)>,
    /// What is available, by SKU; a thousand where it does not say.
    pub(crate) stock: BTreeMap<String, i64>,
    pub(crate) catalog_is_away: bool,
    pub(crate) inventory_is_away: bool,
    /// How often the catalogue was asked.
    pub(crate) asked: usize,
}

pub(crate) struct Shop {
    pub(crate) kit: Kit,
    pub(crate) client: CartServiceClient<Rpc>,
    others: Arc<Mutex<Others>>,
}

impl Shop {
    /// Sells `A` for 1.00, `B` for 2.50 and `C` for 0.07 dollars, and `E` for 1.00 euro.
    pub(crate) async fn open() -> Self {
        Self::with(cart::Config { sweep_seconds: 1, ..Default::default() }).await
    }

    pub(crate) async fn with(config: cart::Config) -> Self {
        let kit = Kit::start();
        let prices = [("A", (100, "USD")), ("B", (250, "USD")), ("C", (7, "USD")), ("E", (100, "EUR"))];
        let prices = prices.into_iter().map(|(sku, price)| (sku.to_owned(), price)).collect();
        let others = Arc::new(Mutex::new(Others { prices, ..Default::default() }));
        kit.register("catalog", fake_catalog(Arc::clone(&others)));
        kit.register("inventory", fake_inventory(Arc::clone(&others)));
        let db = kit.database(cart::NAME, cart::DURABILITY, cart::migrations()).await;
        let service = cart::build(kit.context(cart::NAME), db, config).await.expect("builds");
        kit.run(&service);
        let client = CartServiceClient::new(kit.rpc(cart::NAME));
        Self { kit, client, others }
    }

    pub(crate) fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().expect("no test panics while it holds it")
    }

    pub(crate) fn ann(&self) -> Person {
        self.kit.customer("ann")
    }

    pub(crate) async fn get<W: Who>(&self, who: &W) -> Result<pb::Cart, Status> {
        let reply = self.client.clone().get_cart(who.asks(pb::GetCartRequest {})).await;
        reply.map(Response::into_inner)
    }

    /// The cart as it is; the catalogue answers.
    pub(crate) async fn cart<W: Who>(&self, who: &W) -> pb::Cart {
        self.get(who).await.expect("the cart can be shown")
    }

    pub(crate) async fn add<W: Who>(&self, who: &W, sku: &str, quantity: i32) -> Result<pb::Cart, Status> {
        let request = pb::AddItemRequest { sku: sku.into(), quantity };
        self.client.clone().add_item(who.asks(request)).await.map(Response::into_inner)
    }

    pub(crate) async fn set<W: Who>(&self, who: &W, sku: &str, quantity: i32) -> Result<pb::Cart, Status> {
        let request = pb::UpdateItemRequest { sku: sku.into(), quantity: Some(quantity) };
        self.client.clone().update_item(who.asks(request)).await.map(Response::into_inner)
    }

    pub(crate) async fn remove<W: Who>(&self, who: &W, sku: &str) -> Result<pb::Cart, Status> {
        let request = pb::RemoveItemRequest { sku: sku.into() };
        self.client.clone().remove_item(who.asks(request)).await.map(Response::into_inner)
    }

    pub(crate) async fn clear<W: Who>(&self, who: &W) -> Result<pb::Cart, Status> {
        self.client.clone().clear_cart(who.asks(pb::ClearCartRequest {})).await.map(Response::into_inner)
    }

    pub(crate) async fn merge(&self, who: &Person, token: &Guest) -> Result<pb::MergeCartResponse, Status> {
        let request = pb::MergeCartRequest { cart_token: token.0.clone() };
        self.client.clone().merge_cart(who.request(request)).await.map(Response::into_inner)
    }

    /// A new guest who adds something, with the token that came back.
    pub(crate) async fn guest(&self, sku: &str, quantity: i32) -> Guest {
        let request = Request::new(pb::AddItemRequest { sku: sku.into(), quantity });
        let reply = self.client.clone().add_item(request).await.expect("everybody may");
        let token = reply.metadata().get(metadata::CART_TOKEN).expect("a new guest gets a token");
        Guest(token.to_str().expect("is ASCII").to_owned())
    }
}

/// Somebody with a cart.
pub(crate) trait Who {
    fn asks<T>(&self, message: T) -> Request<T>;
}

impl Who for Person {
    fn asks<T>(&self, message: T) -> Request<T> {
        self.request(message)
    }
}

/// Somebody with a cart token.
#[derive(Clone, Debug)]
pub(crate) struct Guest(pub(crate) String);

impl Who for Guest {
    fn asks<T>(&self, message: T) -> Request<T> {
        with_token(self, Request::new(message))
    }
}

/// Somebody with nothing.
pub(crate) struct Stranger;

impl Who for Stranger {
    fn asks<T>(&self, message: T) -> Request<T> {
        Request::new(message)
    }
}

/// Somebody with an account, on a device that still has a guest's token.
pub(crate) struct OnDeviceOf<'a>(pub(crate) &'a Guest, pub(crate) &'a Person);

impl Who for OnDeviceOf<'_> {
    fn asks<T>(&self, message: T) -> Request<T> {
        with_token(self.0, self.1.request(message))
    }
}

fn with_token<T>(guest: &Guest, mut request: Request<T>) -> Request<T> {
    request.metadata_mut().insert(metadata::CART_TOKEN, guest.0.parse().expect("is ASCII"));
    request
}

/// SKUs and quantities of a cart.
pub(crate) fn lines(cart: &pb::Cart) -> Vec<(&str, i32)> {
    cart.items.iter().map(|item| (item.sku.as_str(), item.quantity)).collect()
}

fn fake_catalog(others: Arc<Mutex<Others>>) -> Rpc {
    let answer = move |request: Request<catalog::BatchGetVariantsRequest>| {
        let skus = request.into_inner().skus;
        assert!((1..=200).contains(&skus.len()), "the contract allows no more");
        let mut others = others.lock().expect("no test panics while it holds it");
        others.asked += 1;
        let reply = if others.catalog_is_away {
            Err(service_kit::status(service_kit::Error::Unavailable { what: "catalog" }))
        } else {
            let variant = |sku: String| {
                let (amount_minor, code) = *others.prices.get(&sku)?;
                Some(catalog::SaleableVariant {
                    product_id: format!("product {sku}"),
                    title: format!("Thing {sku}"),
                    price: Some(Money { currency_code: code.into(), amount_minor }),
                    image: format!("/{sku}.png"),
                    seller_id: String::new(),
                    sku,
                })
            };
            Ok(catalog::BatchGetVariantsResponse { variants: skus.into_iter().filter_map(variant).collect() })
        };
        async move { reply }
    };
    Fake::new("ultramarket.catalog.v1.CatalogService").on("BatchGetVariants", answer).rpc()
}

fn fake_inventory(others: Arc<Mutex<Others>>) -> Rpc {
    let answer = move |request: Request<inventory::BatchGetStockRequest>| {
        let others = others.lock().expect("no test panics while it holds it");
        let stock = |sku: String| {
            let available = others.stock.get(&sku).copied().unwrap_or(1000);
            inventory::Stock { sku, available, ..Default::default() }
        };
        let reply = if others.inventory_is_away {
            Err(service_kit::status(service_kit::Error::Unavailable { what: "inventory" }))
        } else {
            let stock = request.into_inner().skus.into_iter().map(stock).collect();
            Ok(inventory::BatchGetStockResponse { stock })
        };
        async move { reply }
    };
    Fake::new("ultramarket.inventory.v1.InventoryService").on("BatchGetStock", answer).rpc()
}
