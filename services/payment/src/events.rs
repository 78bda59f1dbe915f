//! What comes over the bus.
//!
//! | command | effect | answer |
//! |---|---|---|
//! | `AuthorizePayment` | the payment is begun, once | `PaymentAuthorized`, `PaymentActionRequired`, `PaymentFailed` or `PaymentUncertain` |
//! | `CapturePayment` | what is held is taken | `PaymentCaptured`, `PaymentFailed` or `PaymentUncertain` |
//! | `CancelPayment` | no money is kept, whatever it takes | `PaymentCancelled` |
//!
//! A command only stores what is wanted; the worker makes the calls and the answer comes when it is known. A command
//! that comes again changes nothing and is told the current answer.

use bus::Message;
use db::{Apply, Tx};
use prost::{Message as _, Name};
use tonic::codegen::async_trait;
use ultramarket_api::payment::events::v1::{AuthorizePayment, CancelPayment, CapturePayment};

use crate::{
    Error, answers,
    change::{self, Rules, Tell},
    domain::payment::Payment,
    store, wire,
};

/// Applies commands to payments.
pub(crate) struct Consumer {
    pub(crate) rules: Rules,
    /// Who carries out new payments.
    pub(crate) provider: String,
}

#[async_trait]
impl Apply for Consumer {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![AuthorizePayment::full_name(), CapturePayment::full_name(), CancelPayment::full_name()]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let payload = message.payload.clone();
        match message.kind.as_str() {
            kind if kind == AuthorizePayment::full_name() => {
                self.authorize(tx, AuthorizePayment::decode(payload)?).await
            }
            kind if kind == CapturePayment::full_name() => self.capture(tx, CapturePayment::decode(payload)?).await,
            kind if kind == CancelPayment::full_name() => self.cancel(tx, CancelPayment::decode(payload)?).await,
            _ => Ok(()),
        }
    }
}

impl Consumer {
    async fn authorize(&self, tx: &Tx, command: AuthorizePayment) -> Result<(), Error> {
        let payment = wire::payment(command, &self.provider, tx.now())?;
        let id = payment.id.to_string();
        if store::forestalled::exists(tx, &id).await? {
            return answers::emit_never_begun(tx, id, payment.order_id).await;
        }
        if let Some(known) = store::load(tx, &id).await? {
            return self.again(tx, known, &payment).await;
        }
        if store::payment::of_order(tx, &payment.order_id).await?.is_some() {
            return Err(Error::Contradiction { id, problem: "its order has another payment" });
        }
        change::store_new(tx, &self.rules, &payment.begin()).await
    }

    async fn again(&self, tx: &Tx, known: Payment, wanted: &Payment) -> Result<(), Error> {
        if known.order_id != wanted.order_id || known.amount != wanted.amount || known.payer != wanted.payer {
            let id = known.id.to_string();
            return Err(Error::Contradiction { id, problem: "it was begun otherwise" });
        }
        self.told(tx, known, |_| ()).await
    }

    async fn capture(&self, tx: &Tx, command: CapturePayment) -> Result<(), Error> {
        let id = command.payment_id;
        let known = store::load(tx, &id).await?.ok_or(Error::PaymentNotFound { id })?;
        self.told(tx, known, Payment::capture).await
    }

    async fn cancel(&self, tx: &Tx, command: CancelPayment) -> Result<(), Error> {
        let CancelPayment { payment_id: id, order_id } = command;
        let Some(known) = store::load(tx, &id).await? else {
            store::forestalled::insert(tx, &id, &order_id).await?;
            return answers::emit_never_begun(tx, id, order_id).await;
        };
        if known.order_id != order_id {
            return Err(Error::Contradiction { id, problem: "it is of another order" });
        }
        self.told(tx, known, Payment::cancel).await
    }

    async fn told(&self, tx: &Tx, known: Payment, command: impl FnOnce(&mut Payment)) -> Result<(), Error> {
        let mut payment = known.clone();
        command(&mut payment);
        // Where calls are under way, their outcome is the answer.
        let tell = if payment.attempts == known.attempts { Tell::Always } else { Tell::IfNew };
        change::store(tx, &self.rules, &[(known, payment)], tell).await
    }
}
