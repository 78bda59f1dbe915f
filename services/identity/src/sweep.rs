//! Forgetting what nobody needs any more: expired sessions and links, and old failures.

use std::time::Duration;

use db::Db;
use kernel::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    domain::lockout::Lockout,
    store::{self, failures, resets, sessions},
};

const EVERY: Duration = Duration::from_secs(15 * 60);

/// Sweeps now and then until `stop`. A failure is logged; the next sweep tries again.
pub(crate) async fn run(db: Db, lockout: Lockout, stop: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = sweep(&db, &lockout).await {
                tracing::warn!(error = %error, "forgetting expired sessions failed");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    stop.run_until_cancelled(work).await;
}

async fn sweep(db: &Db, lockout: &Lockout) -> Result<(), Error> {
    let forgotten: Timestamp = db.clock().now() - lockout.forget;
    while db.write(|tx| Box::pin(sessions::sweep(tx))).await? == store::SWEEP_BATCH {}
    while db.write(|tx| Box::pin(resets::sweep(tx))).await? == store::SWEEP_BATCH {}
    while db.write(|tx| Box::pin(failures::sweep(tx, forgotten))).await? == store::SWEEP_BATCH {}
    Ok(())
}
