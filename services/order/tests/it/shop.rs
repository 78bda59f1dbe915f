//! A running order service in its world.

use db::Db;
use kernel::{Ids, SystemIds};
use order::Config;
use sea_orm::{ConnectionTrait, Statement};
use service_kit::{Rpc, metadata};
use testkit::{Kit, Person, eventually, guest, with_key};
use tonic::{Request, Response, Status};
use ultramarket_api::{
    inventory::events::v1::{StockCommitted, StockReserved},
    order::v1::{self as pb, order::Lifecycle, order_service_client::OrderServiceClient},
    payment::events::v1::PaymentAuthorized,
    r#type::v1::Address,
};

use crate::world::World;

pub(crate) const GOOD_CARD: &str = "tok_visa";
/// The cart token of the guest.
const CART_TOKEN: &str = "a-guests-cart-token";

pub(crate) struct Shop {
    pub(crate) kit: Kit,
    pub(crate) world: World,
    pub(crate) db: Db,
    pub(crate) client: OrderServiceClient<Rpc>,
    config: Config,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::over(Kit::start(), World::default(), Config { timer_poll_ms: 5, ..config }).await
    }

    /// Ends the service and begins it anew on the same database; the world around it stays as it is.
    pub(crate) async fn reopened(self) -> Self {
        Self::over(self.kit.restart().await, self.world, self.config).await
    }

    async fn over(kit: Kit, world: World, config: Config) -> Self {
        world.surround(&kit).await;
        let db = kit.database(order::NAME, order::DURABILITY, order::migrations()).await;
        let service = order::build(kit.context(order::NAME), db.clone(), config.clone()).await.expect("builds");
        kit.run(&service);
        Self { client: OrderServiceClient::new(kit.rpc(order::NAME)), kit, world, db, config }
    }

    pub(crate) fn ann(&self) -> Person {
        self.kit.customer("ann")
    }

    /// Places an order of ann's.
    pub(crate) async fn place(&self, card: &str) -> pb::Order {
        let request = self.ann().keyed(&new_key(), purchase(card));
        self.client.clone().place_order(request).await.expect("can be placed").into_inner()
    }

    /// Places an order of a guest and returns its token too.
    pub(crate) async fn place_as_guest(&self, card: &str) -> (pb::Order, String) {
        let request =
            as_guest(&new_key(), pb::PlaceOrderRequest { email: "guest@example.com".into(), ..purchase(card) });
        let response = self.client.clone().place_order(request).await.expect("can be placed");
        let token = header(&response, metadata::ORDER_TOKEN).expect("guests get a token");
        (response.into_inner(), token)
    }

    pub(crate) async fn get(&self, order_id: &str) -> pb::Order {
        let request = self.kit.admin().request(pb::GetOrderRequest { order_id: order_id.into() });
        self.client.clone().get_order(request).await.expect("exists").into_inner()
    }

    /// Waits until the order is as the test wants it.
    pub(crate) async fn until(&self, order_id: &str, what: &str, is: impl Fn(&pb::Order) -> bool) -> pb::Order {
        eventually(what, async || Some(self.get(order_id).await).filter(&is)).await
    }

    /// Waits until the order has come so far.
    pub(crate) async fn until_it_is(&self, lifecycle: Lifecycle, order_id: &str) -> pb::Order {
        self.until(order_id, lifecycle.as_str_name(), |order| order.lifecycle() == lifecycle).await
    }

    /// Waits until the partners have heard a command about the order so many times.
    pub(crate) async fn until_heard(&self, command: &str, times: usize, order_id: &str) {
        eventually(command, async || {
            let heard = self.world.heard(order_id).iter().filter(|heard| *heard == command).count();
            (heard >= times).then_some(())
        })
        .await;
    }

    /// Asks for an order of ann's to be cancelled.
    pub(crate) async fn cancel(&self, order_id: &str) -> Result<pb::Order, Status> {
        let request = pb::CancelOrderRequest { order_id: order_id.into(), ..Default::default() };
        self.client.clone().cancel_order(self.ann().keyed(&new_key(), request)).await.map(Response::into_inner)
    }

    /// Answers a command that the partners were told not to answer.
    pub(crate) async fn answer(&self, command: &str, order: &pb::Order) {
        let (order_id, payment_id) = (order.order_id.clone(), order.payment_id.clone());
        let id = order.order_id.as_str();
        match command {
            "ReserveStock" => self.kit.publish(id, &StockReserved { order_id }).await,
            "AuthorizePayment" => self.kit.publish(id, &PaymentAuthorized { payment_id, order_id }).await,
            "CommitStock" => self.kit.publish(id, &StockCommitted { order_id }).await,
            _ => panic!("{command} has no good answer here"),
        };
    }

    /// Values of one column, as text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.db.reader().get_database_backend(), sql);
        let rows = self.db.reader().query_all_raw(statement).await.expect("the query is right");
        rows.iter().map(|row| row.try_get_by_index(0).expect("is text")).collect()
    }

    /// Changes rows behind the service's back.
    pub(crate) async fn change(&self, sql: &str) {
        let changed: Result<_, db::Error> =
            self.db.write(|tx| Box::pin(async move { Ok(tx.execute_unprepared(sql).await?) })).await;
        changed.expect("the statement is right");
    }
}

pub(crate) fn new_key() -> String {
    SystemIds.uuid().to_string()
}

pub(crate) fn address() -> Address {
    Address {
        name: "Ann Example".into(),
        line1: "1 Main Street".into(),
        line2: "3rd floor".into(),
        city: "Springfield".into(),
        region: "IL".into(),
        postal_code: "62701".into(),
        country_code: "US".into(),
        phone: "+1 217 555 0100".into(),
    }
}

pub(crate) fn purchase(card: &str) -> pb::PlaceOrderRequest {
    pb::PlaceOrderRequest {
        shipping_address: Some(address()),
        payment_token: card.into(),
        expected_total: None,
        email: String::new(),
    }
}

/// A request with a guest's cart token.
pub(crate) fn as_guest<T>(key: &str, message: T) -> Request<T> {
    let mut request = with_key(key, guest(message));
    request.metadata_mut().insert(metadata::CART_TOKEN, CART_TOKEN.parse().expect("ASCII"));
    request
}

/// A request of whoever holds an order's token.
pub(crate) fn with_order_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = guest(message);
    request.metadata_mut().insert(metadata::ORDER_TOKEN, token.parse().expect("ASCII"));
    request
}

pub(crate) fn header<T>(response: &Response<T>, name: &str) -> Option<String> {
    response.metadata().get(name).map(|value| value.to_str().expect("ASCII").to_owned())
}
