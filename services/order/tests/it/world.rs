//! What the order service meets: a cart and a catalog that say what a test wants them to say, and
//! partners on the bus that obey commands by what card was used, and keep books of goods and money.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bus::{HandleError, Handler, Message, SharedBus, Subscription};
use kernel::{Classify, Ids, Kind, SystemIds, Timestamp};
use prost::{Message as _, Name};
use service_kit::Rpc;
use testkit::{Fake, Kit};
use tokio::sync::mpsc;
use tonic::{Request, Status, codegen::async_trait};
use ultramarket_api::{
    cart::v1 as cart, catalog::v1 as catalog, inventory::events::v1 as inventory, payment::events::v1 as payment,
    payment::events::v1::payment_cancelled::Outcome, r#type::v1::Money as Amount,
};

/// A SKU that is never in stock.
pub(crate) const SOLD_OUT: &str = "SOLD-OUT";

/// What payment knows of an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Money {
    Asking,
    Unknown,
    Held(Amount),
    Taken(Amount),
    Declined,
    Over(Outcome),
}

/// What inventory knows of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goods {
    Held,
    Sold,
    Back,
}

#[derive(Default)]
struct Books {
    cart: Option<Result<cart::Cart, Refuses>>,
    /// What the catalog sells, where it is not what the cart shows.
    prices: HashMap<String, Option<Amount>>,
    catalog: Option<Refuses>,
    cart_calls: Vec<(bool, Option<String>)>,
    /// Names of commands that are carried out and not answered.
    mute: HashSet<&'static str>,
    /// Nothing can be delivered.
    away: bool,
    heard: Vec<(String, String)>,
    money: HashMap<String, Money>,
    cards: HashMap<String, payment::AuthorizePayment>,
    orders: HashMap<String, String>,
    goods: HashMap<String, Goods>,
    holds: HashMap<String, inventory::ReserveStock>,
}

/// The world around the order service. It outlives restarts of it.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<Books>>);

/// How cart or catalog fails.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("cart or catalog refuses")]
pub(crate) struct Refuses(pub(crate) Kind, pub(crate) &'static str);

impl Classify for Refuses {
    fn kind(&self) -> Kind {
        self.0
    }

    fn reason(&self) -> &'static str {
        self.1
    }
}

pub(crate) fn usd(amount_minor: i64) -> Option<Amount> {
    Some(Amount { currency_code: "USD".into(), amount_minor })
}

/// A line of a cart.
pub(crate) fn line(sku: &str, quantity: i32, price: Option<Amount>) -> cart::CartItem {
    cart::CartItem {
        sku: sku.into(),
        product_id: format!("product of {sku}"),
        title: format!("{sku} the Great"),
        quantity,
        unit_price: price,
        ..Default::default()
    }
}

/// A cart of version 1 with these lines.
pub(crate) fn cart_of(items: Vec<cart::CartItem>) -> cart::Cart {
    cart::Cart { cart_id: SystemIds.uuid().to_string(), items, version: 1, ..Default::default() }
}

/// What everybody's cart has, each time a new one, unless a test says otherwise.
fn usual_cart() -> cart::Cart {
    cart_of(vec![line("LAMP", 3, usd(199)), line("BULB", 1, usd(5))])
}

impl World {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on everybody's cart is this one.
    pub(crate) fn cart(&self, cart: cart::Cart) {
        self.books().cart = Some(Ok(cart));
    }

    /// From now on the cart service fails.
    pub(crate) fn cart_fails(&self, kind: Kind, reason: &'static str) {
        self.books().cart = Some(Err(Refuses(kind, reason)));
    }

    /// From now on the catalog asks so much for a SKU, or does not sell it.
    pub(crate) fn price(&self, sku: &str, price: Option<Amount>) {
        self.books().prices.insert(sku.into(), price);
    }

    /// From now on the catalog fails, or does not.
    pub(crate) fn catalog_fails(&self, fails: Option<(Kind, &'static str)>) {
        self.books().catalog = fails.map(|(kind, reason)| Refuses(kind, reason));
    }

    /// Whether each call of the cart service carried an account's token, and which cart token.
    pub(crate) fn cart_calls(&self) -> Vec<(bool, Option<String>)> {
        self.books().cart_calls.clone()
    }

    /// From now on these commands are carried out and not answered.
    pub(crate) fn mute(&self, commands: &[&'static str]) {
        self.books().mute = commands.iter().copied().collect();
    }

    /// From now on nothing can be delivered to inventory and payment, or everything again.
    pub(crate) fn away(&self, away: bool) {
        self.books().away = away;
    }

    /// The commands heard about an order, in their order.
    pub(crate) fn heard(&self, order_id: &str) -> Vec<String> {
        self.books().heard.iter().filter(|(_, order)| order == order_id).map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn money(&self, order_id: &str) -> Option<Money> {
        self.books().money.get(order_id).cloned()
    }

    pub(crate) fn goods(&self, order_id: &str) -> Option<Goods> {
        self.books().goods.get(order_id).copied()
    }

    /// What payment was asked to hold.
    pub(crate) fn authorization(&self, order_id: &str) -> Option<payment::AuthorizePayment> {
        self.books().cards.get(order_id).cloned()
    }

    /// What inventory was asked to hold.
    pub(crate) fn hold(&self, order_id: &str) -> Option<inventory::ReserveStock> {
        self.books().holds.get(order_id).cloned()
    }

    /// The bank or the provider agrees after all: the money is held. The caller publishes the answer.
    pub(crate) fn agrees(&self, order_id: &str) -> payment::PaymentAuthorized {
        let mut books = self.books();
        let asked = books.cards[order_id].clone();
        books.money.insert(order_id.into(), Money::Held(asked.amount.unwrap_or_default()));
        payment::PaymentAuthorized { payment_id: asked.payment_id, order_id: order_id.into() }
    }

    /// Puts the world around the services of a kit.
    pub(crate) async fn surround(&self, kit: &Kit) {
        kit.register("cart", self.cart_service());
        kit.register("catalog", self.catalog_service());
        let bus = kit.context("world").bus;
        let (sender, answers) = mpsc::unbounded_channel();
        let kinds = vec![
            inventory::ReserveStock::full_name(),
            inventory::CommitStock::full_name(),
            inventory::ReleaseStock::full_name(),
            payment::AuthorizePayment::full_name(),
            payment::CapturePayment::full_name(),
            payment::CancelPayment::full_name(),
        ];
        let handler = Arc::new(Partners { world: self.clone(), answers: sender });
        let subscription = Subscription { consumer: "inventory and payment", kinds, handler };
        bus.subscribe(subscription).await.expect("the name is new");
        drop(kit.tasks().spawn("answers", publish(bus, answers, kit.tasks().stopping())));
    }

    fn cart_service(&self) -> Rpc {
        let world = self.clone();
        let get = move |request: Request<cart::GetCartRequest>| {
            let token = request.metadata().get("x-cart-token").and_then(|token| token.to_str().ok().map(str::to_owned));
            let account = request.metadata().contains_key("authorization");
            let mut books = world.books();
            books.cart_calls.push((account, token));
            let answer = books.cart.clone().unwrap_or_else(|| Ok(usual_cart()));
            async move { answer.map_err(|refuses| -> Status { service_kit::status(refuses) }) }
        };
        Fake::new("ultramarket.cart.v1.CartService").on("GetCart", get).rpc()
    }
}

impl World {
    /// Sells what the last cart shows, at the prices that it shows.
    fn catalog_service(&self) -> Rpc {
        let world = self.clone();
        let variants = move |request: Request<catalog::BatchGetVariantsRequest>| {
            let books = world.books();
            let variants = request.into_inner().skus.into_iter().filter_map(|sku| books.sells(sku)).collect();
            let answer = match books.catalog {
                Some(refuses) => Err(service_kit::status(refuses)),
                None => Ok(catalog::BatchGetVariantsResponse { variants }),
            };
            async move { answer }
        };
        Fake::new("ultramarket.catalog.v1.CatalogService").on("BatchGetVariants", variants).rpc()
    }
}

async fn publish(
    bus: SharedBus,
    mut answers: mpsc::UnboundedReceiver<Message>,
    stop: tokio_util::sync::CancellationToken,
) {
    loop {
        tokio::select! {
            answer = answers.recv() => match answer {
                Some(answer) => drop(bus.publish(&[answer]).await),
                None => return,
            },
            () = stop.cancelled() => return,
        }
    }
}

/// Inventory and payment on the bus.
struct Partners {
    world: World,
    answers: mpsc::UnboundedSender<Message>,
}

#[async_trait]
impl Handler for Partners {
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        let mut books = self.world.books();
        if books.away {
            return Err(HandleError::transient("away"));
        }
        for message in messages {
            if let Some(answer) = books.obey(message) {
                // After the end of a test nobody listens.
                drop(self.answers.send(answer));
            }
        }
        Ok(())
    }

    async fn park(&self, _: &Message, error: &HandleError) -> Result<(), HandleError> {
        Err(HandleError::transient(error.chain()))
    }
}

fn answer<M: prost::Message + Name>(order_id: &str, event: &M) -> Message {
    Message::new(SystemIds.uuid(), M::full_name(), order_id, event.encode_to_vec(), Timestamp::EPOCH)
}

impl Books {
    fn sells(&self, sku: String) -> Option<catalog::SaleableVariant> {
        let shown = match &self.cart {
            Some(Ok(cart)) => cart.items.clone(),
            Some(Err(_)) | None => usual_cart().items,
        };
        let shown = shown.into_iter().find(|item| item.sku == sku);
        let price = match self.prices.get(&sku) {
            Some(price) => Some(price.clone()?),
            None => shown.as_ref()?.unit_price.clone(),
        };
        let (product_id, title) = (format!("product of {sku}"), format!("{sku} the Great"));
        Some(catalog::SaleableVariant { sku, product_id, title, price, ..Default::default() })
    }

    fn obey(&mut self, message: &Message) -> Option<Message> {
        let name = message.kind.rsplit('.').next().unwrap_or_default();
        let order_id = message.aggregate.clone();
        self.heard.push((name.to_owned(), order_id));
        let done = self.carry_out(name, message);
        done.filter(|_| !self.mute.contains(name))
    }

    fn carry_out(&mut self, name: &str, message: &Message) -> Option<Message> {
        let payload = message.payload.clone();
        match name {
            "ReserveStock" => Some(self.reserve(inventory::ReserveStock::decode(payload).expect("a command"))),
            "CommitStock" => Some(self.commit(&inventory::CommitStock::decode(payload).expect("a command").order_id)),
            "ReleaseStock" => {
                let order_id = inventory::ReleaseStock::decode(payload).expect("a command").order_id;
                if let Some(goods) = self.goods.get_mut(&order_id) {
                    *goods = Goods::Back;
                }
                Some(answer(&order_id, &inventory::StockReleased { order_id: order_id.clone() }))
            }
            "AuthorizePayment" => self.authorize(payment::AuthorizePayment::decode(payload).expect("a command")),
            "CapturePayment" => {
                let payment_id = payment::CapturePayment::decode(payload).expect("a command").payment_id;
                self.capture(&payment_id)
            }
            "CancelPayment" => Some(self.cancel(payment::CancelPayment::decode(payload).expect("a command"))),
            _ => panic!("{name} is no command"),
        }
    }

    fn reserve(&mut self, command: inventory::ReserveStock) -> Message {
        let order_id = command.order_id.clone();
        self.holds.insert(order_id.clone(), command.clone());
        let short = command.lines.iter().filter(|line| line.sku == SOLD_OUT).map(|line| inventory::Shortage {
            sku: line.sku.clone(),
            requested: i64::from(line.quantity),
            available: 0,
        });
        let shortages: Vec<_> = short.collect();
        if shortages.is_empty() {
            self.goods.entry(order_id.clone()).or_insert(Goods::Held);
            answer(&order_id, &inventory::StockReserved { order_id: order_id.clone() })
        } else {
            answer(&order_id, &inventory::StockRejected { order_id: order_id.clone(), shortages })
        }
    }

    fn commit(&mut self, order_id: &str) -> Message {
        match self.goods.get_mut(order_id) {
            Some(goods @ (Goods::Held | Goods::Sold)) => {
                *goods = Goods::Sold;
                answer(order_id, &inventory::StockCommitted { order_id: order_id.into() })
            }
            _ => answer(order_id, &inventory::StockCommitFailed { order_id: order_id.into() }),
        }
    }

    /// By the card: `tok_declined`, `tok_3ds` and `tok_silent` do what they say, all others are good for the money.
    fn authorize(&mut self, command: payment::AuthorizePayment) -> Option<Message> {
        let order_id = command.order_id.clone();
        let amount = command.amount.clone().unwrap_or_default();
        let fresh = match command.payment_token.as_str() {
            "tok_declined" => Money::Declined,
            "tok_3ds" => Money::Asking,
            "tok_silent" => Money::Unknown,
            _ => Money::Held(amount),
        };
        self.orders.insert(command.payment_id.clone(), order_id.clone());
        self.money.entry(order_id.clone()).or_insert(fresh);
        self.cards.insert(order_id.clone(), command);
        self.report(&order_id)
    }

    fn capture(&mut self, payment_id: &str) -> Option<Message> {
        let order_id = self.orders.get(payment_id).cloned().unwrap_or_else(|| panic!("{payment_id} was never begun"));
        let card = self.cards[&order_id].payment_token.clone();
        if let Some(Money::Held(amount)) = self.money.get(&order_id).cloned() {
            if card == "tok_refuses_capture" {
                let payment_id = payment_id.to_owned();
                let reason = "INSUFFICIENT_FUNDS".into();
                return Some(answer(
                    &order_id,
                    &payment::PaymentFailed { payment_id, order_id: order_id.clone(), reason },
                ));
            }
            let taken = if card == "tok_takes_less" {
                Amount { amount_minor: amount.amount_minor - 1, ..amount }
            } else {
                amount
            };
            self.money.insert(order_id.clone(), Money::Taken(taken));
        }
        self.report(&order_id)
    }

    fn cancel(&mut self, command: payment::CancelPayment) -> Message {
        let outcome = match self.money.get(&command.order_id) {
            Some(Money::Held(_)) => Outcome::Voided,
            Some(Money::Taken(_)) => Outcome::Refunded,
            Some(Money::Over(outcome)) => *outcome,
            None | Some(Money::Asking | Money::Unknown | Money::Declined) => Outcome::NothingHeld,
        };
        self.money.insert(command.order_id.clone(), Money::Over(outcome));
        let payment::CancelPayment { payment_id, order_id } = command;
        answer(&order_id.clone(), &payment::PaymentCancelled { payment_id, order_id, outcome: outcome.into() })
    }

    fn report(&self, order_id: &str) -> Option<Message> {
        let payment_id = self.cards[order_id].payment_id.clone();
        let order = order_id.to_owned();
        Some(match self.money.get(order_id)? {
            Money::Asking => {
                answer(order_id, &payment::PaymentActionRequired { payment_id, order_id: order, expire_time: None })
            }
            Money::Unknown => answer(order_id, &payment::PaymentUncertain { payment_id, order_id: order }),
            Money::Held(_) => answer(order_id, &payment::PaymentAuthorized { payment_id, order_id: order }),
            Money::Taken(amount) => {
                let amount = Some(amount.clone());
                answer(order_id, &payment::PaymentCaptured { payment_id, order_id: order, amount })
            }
            Money::Declined => {
                let reason = "CARD_DECLINED".into();
                answer(order_id, &payment::PaymentFailed { payment_id, order_id: order, reason })
            }
            Money::Over(outcome) => {
                let outcome = (*outcome).into();
                answer(order_id, &payment::PaymentCancelled { payment_id, order_id: order, outcome })
            }
        })
    }
}
