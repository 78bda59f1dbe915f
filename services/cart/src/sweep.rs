//! Removes carts of guests who do not come back.

use std::time::Duration;

use db::Db;
use tokio_util::sync::CancellationToken;

use crate::{Error, metrics::CARTS_SWEPT, store};

/// Sweeps until the process stops: at once, and then again and again.
pub(crate) async fn run(db: Db, unused_for: Duration, every: Duration, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match sweep(&db, unused_for).await {
            Ok(0) => {}
            Ok(carts) => {
                metrics::counter!(CARTS_SWEPT).increment(carts);
                tracing::info!(carts, "carts of guests removed");
            }
            Err(error) => tracing::warn!(error = %error, "removing carts of guests failed"),
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn sweep(db: &Db, unused_for: Duration) -> Result<u64, Error> {
    let before = db.clock().now() - unused_for;
    let mut total = 0;
    loop {
        // Between two transactions others get their turn.
        let removed = db.write(|tx| Box::pin(store::remove_unused(tx, before))).await?;
        total += removed;
        if removed == 0 {
            return Ok(total);
        }
    }
}
