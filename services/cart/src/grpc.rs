//! The RPCs of `CartService`: decode, call, encode.

use service_kit::{Caller, metadata};
use tonic::{Request, Response, Status, async_trait};
use ultramarket_api::cart::v1::{self as pb, cart_service_server::CartService};

use crate::{carts::Carts, owner::Owner};

/// The handlers.
#[derive(Debug)]
pub(crate) struct Handlers {
    pub carts: Carts,
}

type Reply<T> = Result<Response<T>, Status>;

#[async_trait]
impl CartService for Handlers {
    async fn get_cart(&self, request: Request<pb::GetCartRequest>) -> Reply<pb::Cart> {
        let owner = Owner::of(&Caller::of(&request));
        Ok(Response::new(self.carts.get(owner.as_ref()).await?))
    }

    async fn add_item(&self, request: Request<pb::AddItemRequest>) -> Reply<pb::Cart> {
        let owner = Owner::of(&Caller::of(&request));
        let request = request.into_inner();
        let (cart, token) = self.carts.add(owner, &request.sku, request.quantity).await?;
        let mut response = Response::new(cart);
        if let Some(token) = token {
            service_kit::outgoing(&mut response, metadata::CART_TOKEN, token.reveal());
        }
        Ok(response)
    }

    async fn update_item(&self, request: Request<pb::UpdateItemRequest>) -> Reply<pb::Cart> {
        let owner = Owner::of(&Caller::of(&request));
        let request = request.into_inner();
        Ok(Response::new(self.carts.set(owner.as_ref(), &request.sku, request.quantity()).await?))
    }

    async fn remove_item(&self, request: Request<pb::RemoveItemRequest>) -> Reply<pb::Cart> {
        let owner = Owner::of(&Caller::of(&request));
        Ok(Response::new(self.carts.remove(owner.as_ref(), &request.into_inner().sku).await?))
    }

    async fn clear_cart(&self, request: Request<pb::ClearCartRequest>) -> Reply<pb::Cart> {
        let owner = Owner::of(&Caller::of(&request));
        Ok(Response::new(self.carts.clear(owner.as_ref()).await?))
    }

    async fn merge_cart(&self, request: Request<pb::MergeCartRequest>) -> Reply<pb::MergeCartResponse> {
        let caller = Caller::of(&request);
        Ok(Response::new(self.carts.merge(caller.account()?, &request.into_inner().cart_token).await?))
    }
}
