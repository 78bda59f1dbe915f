//! Fires the timers of sagas. They are part of the orders' rows, so they outlive the process.

use std::{sync::Arc, time::Duration};

use db::Db;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    checkout::Checkout,
    domain::{order::OrderId, saga::Event},
    store::orders,
};

/// How many overdue orders are looked up at once.
const BATCH: u64 = 100;

/// Fires timers until the process stops. Looks at least every `poll`, as other processes set timers too.
pub(crate) async fn run(db: Db, checkout: Arc<Checkout>, poll: Duration, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match fire_due(&db, &checkout).await {
            Ok(next) => next.map_or(poll, |next| next.min(poll)),
            Err(error) => {
                tracing::warn!(error = %error, "look for timers that are due");
                poll
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Fires what is due and tells how long it is until the next timer.
async fn fire_due(db: &Db, checkout: &Checkout) -> Result<Option<Duration>, Error> {
    loop {
        let now = db.clock().now();
        let due = orders::due(db.reader(), now, BATCH).await?;
        let mut fired = 0;
        for &order in &due {
            match fire(db, checkout, order).await {
                Ok(true) => fired += 1,
                Ok(false) => {}
                // The others must not wait for this one, which is tried again in the next round.
                Err(error) => tracing::warn!(order.id = %order, error = %error, "fire a timer"),
            }
        }
        if fired == 0 {
            let next = orders::next_due(db.reader()).await?;
            return Ok(next.map(|next| next.since(now)).filter(|wait| !wait.is_zero()));
        }
    }
}

async fn fire(db: &Db, checkout: &Checkout, id: OrderId) -> Result<bool, Error> {
    db.write(|tx| {
        Box::pin(async move {
            let Some(order) = orders::find(&**tx, id).await? else { return Ok(false) };
            Ok(checkout.advance(tx, &order, &Event::Due).await?.is_some())
        })
    })
    .await
}
