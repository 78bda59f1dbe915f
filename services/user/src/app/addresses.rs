//! The caller's addresses.

use db::Tx;

use super::{Me, Users};
use crate::{
    Error,
    domain::address::{Address, AddressId, SavedAddress},
    store::addresses,
};

impl Users {
    pub(crate) async fn list_addresses(&self, me: &Me) -> Result<Vec<SavedAddress>, Error> {
        Ok(addresses::list(self.db.reader(), me.user, self.config.addresses_per_user.into()).await?)
    }

    pub(crate) async fn create_address(&self, me: &Me, address: &Address) -> Result<SavedAddress, Error> {
        let limit = self.config.addresses_per_user;
        self.db.write(|tx| Box::pin(create(tx, me, address, limit))).await
    }

    pub(crate) async fn update_address(
        &self,
        me: &Me,
        id: AddressId,
        address: &Address,
    ) -> Result<SavedAddress, Error> {
        self.db.write(|tx| Box::pin(replace(tx, me, id, address))).await
    }

    pub(crate) async fn delete_address(&self, me: &Me, id: AddressId) -> Result<(), Error> {
        let deleted = self.db.write(|tx| Box::pin(addresses::delete(tx, me.user, id))).await?;
        if deleted { Ok(()) } else { Err(not_found(id)) }
    }
}

async fn create(tx: &Tx, me: &Me, address: &Address, limit: u32) -> Result<SavedAddress, Error> {
    if addresses::count(tx, me.user).await? >= limit.into() {
        return Err(Error::TooManyAddresses { limit });
    }
    let saved = SavedAddress { id: AddressId::generate(tx.ids()), address: address.clone(), created_at: tx.now() };
    addresses::insert(tx, me.user, &saved).await?;
    Ok(saved)
}

async fn replace(tx: &Tx, me: &Me, id: AddressId, address: &Address) -> Result<SavedAddress, Error> {
    let saved = addresses::find(tx, me.user, id).await?.ok_or_else(|| not_found(id))?;
    addresses::update(tx, me.user, id, address).await?;
    Ok(SavedAddress { address: address.clone(), ..saved })
}

fn not_found(id: AddressId) -> Error {
    Error::AddressNotFound { address_id: id.to_string() }
}
