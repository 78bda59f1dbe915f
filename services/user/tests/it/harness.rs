//! A running user service.

use service_kit::Rpc;
use testkit::{Kit, Person};
use tonic::Status;
use ultramarket_api::{
    r#type::v1::Address,
    user::v1::{self as pb, user_service_client::UserServiceClient},
};
use user::{Config, NAME};

pub(crate) type Client = UserServiceClient<Rpc>;

pub(crate) struct House {
    pub(crate) kit: Kit,
    client: Client,
}

impl House {
    pub(crate) async fn open() -> Self {
        let kit = Kit::start();
        let db = kit.database(NAME, user::DURABILITY, user::migrations()).await;
        let service = user::build(kit.context(NAME), db, Config::default()).await.expect("the service builds");
        kit.run(&service);
        let client = Client::new(kit.rpc(NAME));
        Self { kit, client }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) async fn me(&self, who: &Person) -> pb::Profile {
        self.client().get_me(who.request(pb::GetMeRequest {})).await.expect("is signed in").into_inner()
    }

    pub(crate) async fn update(
        &self,
        who: &Person,
        profile: pb::Profile,
        paths: &[&str],
    ) -> Result<pb::Profile, Status> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let update_mask = Some(prost_types::FieldMask { paths });
        let request = pb::UpdateMeRequest { profile: Some(profile), update_mask };
        self.client().update_me(who.request(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn addresses(&self, who: &Person) -> Vec<pb::SavedAddress> {
        let reply = self.client().list_addresses(who.request(pb::ListAddressesRequest {})).await;
        reply.expect("is signed in").into_inner().addresses
    }

    pub(crate) async fn save(&self, who: &Person, address: Address) -> Result<pb::SavedAddress, Status> {
        let request = pb::CreateAddressRequest { address: Some(address) };
        self.client().create_address(who.request(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn apply(&self, who: &Person, shop_name: &str) -> Result<pb::Seller, Status> {
        let request = pb::ApplyAsSellerRequest { shop_name: shop_name.to_owned() };
        self.client().apply_as_seller(who.request(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn approve(&self, by: &Person, user_id: &str) -> Result<pb::Seller, Status> {
        let request = pb::ApproveSellerRequest { user_id: user_id.to_owned() };
        self.client().approve_seller(by.request(request)).await.map(tonic::Response::into_inner)
    }
}

pub(crate) fn address(city: &str) -> Address {
    Address {
        name: "Ann Example".into(),
        line1: "Hauptstraße 1".into(),
        city: city.to_owned(),
        postal_code: "1010".into(),
        country_code: "AT".into(),
        ..Default::default()
    }
}
