//! Events of others that this service acts on.

use async_trait::async_trait;
use bus::Message;
use db::{Apply, Tx};
use kernel::Violation;
use prost::{Message as _, Name};
use ultramarket_api::identity::events::v1::AccountRegistered;

use crate::{Error, app::registered};

/// Makes the profiles of new accounts.
pub(crate) struct Events;

#[async_trait]
impl Apply for Events {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![AccountRegistered::full_name()]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let event = AccountRegistered::decode(message.payload.clone())?;
        let no_id = |_| Error::invalid(vec![Violation::new("accountId", "must be a UUID")]);
        let user = event.account_id.parse().map_err(no_id)?;
        registered(tx, user, &event.email, &event.display_name).await
    }
}
