//! Events of others that this service acts on.

use async_trait::async_trait;
use bus::Message;
use db::{Apply, Tx};
use prost::{Message as _, Name};
use ultramarket_api::user::events::v1::SellerApproved;

use crate::{Error, app::add_role, domain::account::Role};

/// Gives approved sellers their role.
pub(crate) struct Events;

#[async_trait]
impl Apply for Events {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![SellerApproved::full_name()]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let event = SellerApproved::decode(message.payload.clone())?;
        // An id that is none, or nobody's, is an operator's business: the message is parked.
        let not_found = || Error::AccountNotFound { account_id: event.user_id.clone() };
        let account = event.user_id.parse().map_err(|_| not_found())?;
        add_role(tx, account, Role::Seller).await
    }
}
