//! The RPCs: decode, call, encode. No SQL, no rules.

use std::sync::Arc;

use db::Db;
use kernel::PageTokens;
use service_kit::{Caller, Tasks, idempotent, metadata, outgoing, wire::page_size};
use tokio::time::Instant;
use tonic::{Request, Response, Status, codegen::async_trait};
use ultramarket_api::order::v1::{self as pb, order_service_server::OrderService};

use crate::{
    Config, Error,
    access::Access,
    cancel::Cancelling,
    domain::order::{Order, OrderId},
    place::Placing,
    store::{
        orders,
        page::{self, Filter, Position},
    },
    token::OrderTokens,
    watch::{Following, States, Watchers},
    wire,
};

/// How long a stream may last when the call says nothing.
const WATCHED_AT_MOST: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// The handlers of `OrderService`.
#[derive(Debug)]
pub(crate) struct Handlers {
    pub(crate) db: Db,
    pub(crate) placing: Placing,
    pub(crate) cancelling: Cancelling,
    pub(crate) access: Access,
    pub(crate) tokens: OrderTokens,
    pub(crate) watchers: Watchers,
    pub(crate) pages: PageTokens,
    pub(crate) tasks: Tasks,
    pub(crate) config: Arc<Config>,
}

#[async_trait]
impl OrderService for Handlers {
    async fn place_order(&self, request: Request<pb::PlaceOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let caller = Caller::of(&request);
        let guest = caller.signed_in().is_none();
        if guest && caller.cart_token().is_none() {
            return Err(service_kit::Error::MissingToken.into());
        }
        let message = request.into_inner();
        let place = |claim| self.placing.place(&caller, claim, message.clone());
        let mut response = idempotent::run(&self.db, &caller, &message, place).await?;
        if guest {
            let id: OrderId = response.get_ref().order_id.parse().map_err(|_| Error::OrderNotFound)?;
            outgoing(&mut response, metadata::ORDER_TOKEN, &self.tokens.of(id));
        }
        Ok(response)
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let caller = Caller::of(&request);
        let order = self.find(&caller, &request.get_ref().order_id).await?;
        let lines = orders::lines(self.db.reader(), &order).await?;
        Ok(Response::new(wire::order::order(&order, &lines)))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let caller = Caller::of(&request);
        Ok(Response::new(self.list(&caller, request.get_ref()).await?))
    }

    async fn cancel_order(&self, request: Request<pb::CancelOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let caller = Caller::of(&request);
        let message = request.into_inner();
        let cancel = |claim| self.cancelling.cancel(&caller, claim, message.clone());
        idempotent::run(&self.db, &caller, &message, cancel).await
    }

    type WatchOrderStream = States;

    async fn watch_order(
        &self,
        request: Request<pb::WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        let caller = Caller::of(&request);
        let order = self.find(&caller, &request.get_ref().order_id).await?;
        let watch = self.watchers.watch(order.id).ok_or(service_kit::Error::Overloaded)?;
        let following = Following {
            db: self.db.clone(),
            id: order.id,
            watch,
            poll: self.config.watch_poll(),
            until: Instant::now() + service_kit::remaining_time().unwrap_or(WATCHED_AT_MOST),
        };
        Ok(Response::new(following.start(&self.tasks)))
    }
}

impl Handlers {
    /// An order that is the caller's business.
    async fn find(&self, caller: &Caller, id: &str) -> Result<Order, Error> {
        let id: OrderId = id.parse().map_err(|_| Error::OrderNotFound)?;
        let order = orders::find(self.db.reader(), id).await?.ok_or(Error::OrderNotFound)?;
        self.access.relation(caller, &order).map(|_| order).ok_or(Error::OrderNotFound)
    }

    async fn list(&self, caller: &Caller, request: &pb::ListOrdersRequest) -> Result<pb::ListOrdersResponse, Error> {
        let account = caller.account()?;
        if request.all_accounts && !caller.is_admin() {
            return Err(service_kit::Error::MissingRole { roles: vec!["ADMIN".to_owned()] }.into());
        }
        let lifecycle = wire::order::lifecycle(request.lifecycle());
        let filter = Filter { account_id: (!request.all_accounts).then(|| account.id.clone()), lifecycle };
        let size = page_size(request.page_size)?.get() as usize;

        let whose = if request.all_accounts { "all" } else { "own" };
        let so_far = lifecycle.map_or("", |lifecycle| lifecycle.name());
        let scope = ["orders", account.id.as_str(), whose, so_far];
        let position = self.pages.decode(&scope, &request.page_token)?;
        let after = position.as_deref().and_then(Position::parse);

        let reader = self.db.reader();
        let mut found = page::read(reader, &filter, after, size as u64 + 1).await?;
        let more = found.len() > size;
        found.truncate(size);
        let mut lines = orders::lines_of(reader, &found).await?;
        let last = found.last().filter(|_| more);
        let next_page_token =
            last.map_or_else(String::new, |order| self.pages.encode(&scope, &Position::of(order).to_string()));
        let wired = |order: &Order| wire::order::order(order, &lines.remove(&order.id).unwrap_or_default());
        Ok(pb::ListOrdersResponse { orders: found.iter().map(wired).collect(), next_page_token })
    }
}
