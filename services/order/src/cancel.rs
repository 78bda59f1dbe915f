//! Cancelling an order that has not left.

use std::sync::Arc;

use db::{Db, idempotency::Claim};
use service_kit::{Caller, idempotent};
use ultramarket_api::order::v1 as pb;

use crate::{
    Error,
    access::Access,
    checkout::Checkout,
    domain::{
        order::OrderId,
        saga::{Cancellation, Event},
    },
    store::orders,
    wire,
};

/// Cancels orders on behalf of callers.
#[derive(Clone, Debug)]
pub(crate) struct Cancelling {
    db: Db,
    access: Access,
    checkout: Arc<Checkout>,
}

impl Cancelling {
    pub(crate) fn new(db: Db, access: Access, checkout: Arc<Checkout>) -> Self {
        Self { db, access, checkout }
    }

    /// Begins to cancel an order, unless that has begun already.
    pub(crate) async fn cancel(
        &self,
        caller: &Caller,
        claim: Arc<Claim>,
        request: pb::CancelOrderRequest,
    ) -> Result<pb::Order, Error> {
        let id: OrderId = request.order_id.parse().map_err(|_| Error::OrderNotFound)?;
        let (request, claim) = (&request, &*claim);
        self.db
            .write(|tx| {
                Box::pin(async move {
                    let order = orders::find(&**tx, id).await?.ok_or(Error::OrderNotFound)?;
                    let relation = self.access.relation(caller, &order).ok_or(Error::OrderNotFound)?;
                    if !request.etag.is_empty() && request.etag != order.etag() {
                        return Err(Error::EtagMismatch { current: order.etag() });
                    }
                    let by = relation.cancels_as();
                    let event = Event::Cancel(Cancellation::new(by, request.reason.as_str()));
                    let order = self.checkout.advance(tx, &order, &event).await?.unwrap_or(order);
                    let lines = orders::lines(&**tx, &order).await?;
                    let reply = wire::order::order(&order, &lines);
                    idempotent::complete(claim, tx, &reply).await?;
                    Ok(reply)
                })
            })
            .await
    }
}
