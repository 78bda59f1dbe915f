//! What inventory and payment answer, applied to the saga that waits for it.
//!
//! | reply | while | leads to |
//! |---|---|---|
//! | `StockReserved` | RESERVING | `AuthorizePayment` |
//! | `StockRejected` | RESERVING | cancelled, OUT_OF_STOCK |
//! | `PaymentAuthorized` | AUTHORIZING, REQUIRES_ACTION, PAYMENT_UNKNOWN | `CommitStock` |
//! | `PaymentActionRequired` | AUTHORIZING, PAYMENT_UNKNOWN | the shopper is asked to confirm |
//! | `PaymentFailed` | AUTHORIZING, REQUIRES_ACTION, PAYMENT_UNKNOWN | `ReleaseStock`, PAYMENT_DECLINED |
//! | `PaymentFailed` | CAPTURING | `CancelPayment`, PAYMENT_DECLINED |
//! | `PaymentUncertain` | AUTHORIZING, REQUIRES_ACTION | waiting for payment to find out |
//! | `StockCommitted` | COMMITTING | `CapturePayment` |
//! | `StockCommitFailed` | COMMITTING | `CancelPayment`, OUT_OF_STOCK |
//! | `PaymentCaptured` | CAPTURING | confirmed, `OrderConfirmed` |
//! | `PaymentCancelled` | CANCELLING_PAYMENT | `ReleaseStock` |
//! | `StockReleased` | RELEASING | cancelled, `OrderCancelled` |
//!
//! Everything else is stale and changes nothing (see `domain/saga.rs`). The inbox lets each message take effect once.

use std::sync::Arc;

use bus::Message;
use db::{Apply, Tx};
use tonic::codegen::async_trait;

use crate::{
    Error,
    checkout::Checkout,
    store::orders,
    wire::message::{Reply, kinds_of_replies},
};

/// Applies replies to sagas.
#[derive(Debug)]
pub(crate) struct Replies {
    checkout: Arc<Checkout>,
}

impl Replies {
    pub(crate) fn new(checkout: Arc<Checkout>) -> Self {
        Self { checkout }
    }
}

#[async_trait]
impl Apply for Replies {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        kinds_of_replies()
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let reply = Reply::read(message)?;
        let Some(order) = orders::find(tx, reply.order_id).await? else {
            tracing::warn!(order.id = %reply.order_id, message.kind = message.kind, "reply about no order of ours");
            return Ok(());
        };
        let Some(event) = reply.event(&order) else {
            tracing::warn!(order.id = %order.id, message.kind = message.kind, "reply about another payment");
            return Ok(());
        };
        self.checkout.advance(tx, &order, &event).await?;
        Ok(())
    }
}
