//! What comes over the bus, and who is told what.
//!
//! | event | template | unless |
//! |---|---|---|
//! | `identity.AccountRegistered` | `welcome-v1` | – |
//! | `identity.PasswordResetRequested` | `password-reset-v1` | – |
//! | `user.SellerApproved` | `seller-approved-v1` | – |
//! | `order.OrderConfirmed` | `order-confirmation-v1` | mail about orders is not wanted |
//! | `order.OrderCancelled` | `order-cancelled-v1` | mail about orders is not wanted |
//!
//! An event leads to one delivery per channel, by its message id, however often it comes.

use std::sync::Arc;

use bus::Message;
use db::{Apply, Tx};
use prost::{Message as _, Name};
use service_kit::wire::moment;
use tokio::sync::Notify;
use tonic::codegen::async_trait;
use ultramarket_api::{
    identity::events::v1::{AccountRegistered, PasswordResetRequested},
    order::events::v1::{OrderCancelled, OrderConfirmed},
    user::events::v1::SellerApproved,
};

use crate::{
    Error,
    domain::{Letter, Preferences, Status, letter::House},
    metrics,
    store::{contact, delivery, preferences},
    wire,
};

/// Turns events into mail.
pub(crate) struct Consumer {
    pub(crate) house: House,
    /// Wakes the postman.
    pub(crate) wake: Arc<Notify>,
}

#[async_trait]
impl Apply for Consumer {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![
            AccountRegistered::full_name(),
            PasswordResetRequested::full_name(),
            SellerApproved::full_name(),
            OrderConfirmed::full_name(),
            OrderCancelled::full_name(),
        ]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let payload = message.payload.clone();
        let letter = match message.kind.as_str() {
            kind if kind == AccountRegistered::full_name() => {
                self.welcome(tx, AccountRegistered::decode(payload)?).await?
            }
            kind if kind == PasswordResetRequested::full_name() => {
                self.password_reset(tx, PasswordResetRequested::decode(payload)?).await?
            }
            kind if kind == SellerApproved::full_name() => {
                self.seller_approved(tx, SellerApproved::decode(payload)?).await?
            }
            kind if kind == OrderConfirmed::full_name() => {
                let OrderConfirmed { order, account_id, .. } = OrderConfirmed::decode(payload)?;
                self.house.order_confirmation(wire::order(order.unwrap_or_default(), account_id))
            }
            kind if kind == OrderCancelled::full_name() => {
                let OrderCancelled { order, account_id } = OrderCancelled::decode(payload)?;
                self.house.order_cancelled(wire::order(order.unwrap_or_default(), account_id))
            }
            _ => return Ok(()),
        };
        self.queue(tx, message, &letter).await
    }
}

impl Consumer {
    async fn welcome(&self, tx: &Tx, event: AccountRegistered) -> Result<Letter, Error> {
        let AccountRegistered { account_id, email, display_name } = event;
        contact::put(tx, &account_id, &email, &display_name).await?;
        Ok(self.house.welcome(account_id, email, &display_name))
    }

    async fn password_reset(&self, tx: &Tx, event: PasswordResetRequested) -> Result<Letter, Error> {
        let PasswordResetRequested { account_id, email, token, expire_time } = event;
        let name = contact::display_name(tx, &account_id).await?;
        Ok(self.house.password_reset(account_id, email, &name, &token, expire_time.as_ref().map(moment)))
    }

    async fn seller_approved(&self, tx: &Tx, event: SellerApproved) -> Result<Letter, Error> {
        let name = contact::display_name(tx, &event.user_id).await?;
        Ok(self.house.seller_approved(event.user_id, &name, &event.shop_name))
    }

    async fn queue(&self, tx: &Tx, event: &Message, letter: &Letter) -> Result<(), Error> {
        let wanted = match &letter.account_id {
            Some(account_id) => preferences::of(tx, account_id).await?,
            None => Preferences::default(),
        };
        let status = if wanted.allow(letter.topic) { Status::Queued } else { Status::Suppressed };
        if delivery::insert(tx, event, letter, status).await? {
            let (template, wake) = (letter.template.name(), Arc::clone(&self.wake));
            tx.after_commit(move || {
                metrics::count(template, status);
                wake.notify_one();
            });
        }
        Ok(())
    }
}
