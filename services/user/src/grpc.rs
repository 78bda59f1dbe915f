//! The handlers: decode, call, encode. Every one but those of administrators is about the caller alone.

use std::sync::Arc;

use service_kit::{Caller, wire::page_size};
use tonic::{Request, Response, Status, async_trait};
use ultramarket_api::user::v1::{self as pb, user_service_server::UserService};

use crate::{
    Error,
    app::{Me, UpdateMe, Users},
    domain::{
        UserId,
        address::{Address, AddressId},
    },
    wire,
};

/// The RPCs of this service.
pub(crate) struct Handlers(pub(crate) Arc<Users>);

fn me<T>(request: &Request<T>) -> Result<Me, Error> {
    Me::try_from(Caller::of(request).account()?)
}

#[async_trait]
impl UserService for Handlers {
    async fn get_me(&self, request: Request<pb::GetMeRequest>) -> Result<Response<pb::Profile>, Status> {
        let profile = self.0.me(&me(&request)?).await?;
        Ok(Response::new(profile.into()))
    }

    async fn update_me(&self, request: Request<pb::UpdateMeRequest>) -> Result<Response<pb::Profile>, Status> {
        let me = me(&request)?;
        let update = UpdateMe::try_from(request.into_inner())?;
        let profile = self.0.update_me(&me, &update).await?;
        Ok(Response::new(profile.into()))
    }

    async fn list_addresses(
        &self,
        request: Request<pb::ListAddressesRequest>,
    ) -> Result<Response<pb::ListAddressesResponse>, Status> {
        let addresses = self.0.list_addresses(&me(&request)?).await?;
        let addresses = addresses.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAddressesResponse { addresses }))
    }

    async fn create_address(
        &self,
        request: Request<pb::CreateAddressRequest>,
    ) -> Result<Response<pb::SavedAddress>, Status> {
        let me = me(&request)?;
        let address = Address::try_from(request.into_inner().address)?;
        let saved = self.0.create_address(&me, &address).await?;
        Ok(Response::new(saved.into()))
    }

    async fn update_address(
        &self,
        request: Request<pb::UpdateAddressRequest>,
    ) -> Result<Response<pb::SavedAddress>, Status> {
        let me = me(&request)?;
        let request = request.into_inner();
        let address = Address::try_from(request.address)?;
        let saved = self.0.update_address(&me, address_id(&request.address_id)?, &address).await?;
        Ok(Response::new(saved.into()))
    }

    async fn delete_address(&self, request: Request<pb::DeleteAddressRequest>) -> Result<Response<()>, Status> {
        let me = me(&request)?;
        self.0.delete_address(&me, address_id(&request.into_inner().address_id)?).await?;
        Ok(Response::new(()))
    }

    async fn apply_as_seller(
        &self,
        request: Request<pb::ApplyAsSellerRequest>,
    ) -> Result<Response<pb::Seller>, Status> {
        let me = me(&request)?;
        let shop_name = wire::shop_name(&request.into_inner().shop_name)?;
        let seller = self.0.apply_as_seller(&me, &shop_name).await?;
        Ok(Response::new(seller.into()))
    }

    async fn list_sellers(
        &self,
        request: Request<pb::ListSellersRequest>,
    ) -> Result<Response<pb::ListSellersResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let (size, status) = (page_size(request.page_size)?, wire::status(&request));
        let filter = status.map_or("", |status| status.name());
        let scope = ["ListSellers", caller.account()?.id.as_str(), filter];
        let (sellers, next_page_token) = self.0.list_sellers(status, size, &request.page_token, &scope).await?;
        let sellers = sellers.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListSellersResponse { sellers, next_page_token }))
    }

    async fn approve_seller(&self, request: Request<pb::ApproveSellerRequest>) -> Result<Response<pb::Seller>, Status> {
        let user_id = request.into_inner().user_id;
        let user: UserId = user_id.parse().map_err(|_| Error::SellerNotFound { user_id })?;
        let seller = self.0.approve_seller(user).await?;
        Ok(Response::new(seller.into()))
    }
}

fn address_id(text: &str) -> Result<AddressId, Error> {
    text.parse().map_err(|_| Error::AddressNotFound { address_id: text.to_owned() })
}
