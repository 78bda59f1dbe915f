//! Removes what was kept long enough, a little at a time.

use std::time::Duration;

use kernel::Timestamp;
use sea_orm::ConnectionTrait;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::{Db, Error, sql::statement};

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Published events, for replays. What is parked or not published stays.
    pub published: Duration,
    /// The ids of handled messages: longer than any message may be delivered again.
    pub inbox: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self { published: 7 * DAY, inbox: 30 * DAY }
    }
}

const BATCH: i64 = 1000;
const EVERY: Duration = Duration::from_secs(60 * 60);
/// Between two batches others get their turn at the database.
const PAUSE: Duration = Duration::from_millis(50);

/// Sweeps one database.
#[derive(Debug)]
pub struct Sweeper {
    db: Db,
    retention: Retention,
}

impl Sweeper {
    /// A sweeper for `db`.
    #[must_use]
    pub fn new(db: &Db, retention: Retention) -> Self {
        Self { db: db.clone(), retention }
    }

    /// Sweeps every hour until `cancel`. A failure is logged; the next sweep tries again.
    pub async fn run(self, cancel: CancellationToken) {
        let work = async {
            loop {
                time::sleep(EVERY).await;
                match self.sweep().await {
                    Ok(0) => {}
                    Ok(rows) => tracing::info!(db.service = self.db.service(), rows, "old rows removed"),
                    Err(error) => {
                        tracing::warn!(db.service = self.db.service(), error = %error, "removing old rows failed");
                    }
                }
            }
        };
        cancel.run_until_cancelled_owned(work).await;
    }

    /// Removes everything that was kept long enough and returns how many rows that were.
    ///
    /// # Errors
    /// Those of the database; what was removed before stays removed.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let now = self.db.clock().now();
        let inbox = "DELETE FROM inbox WHERE (consumer, message_id) IN \
                     (SELECT consumer, message_id FROM inbox WHERE received_at < $1 LIMIT $2)";
        let keys = "DELETE FROM idempotency_keys WHERE (principal, method, key) IN \
                    (SELECT principal, method, key FROM idempotency_keys WHERE expires_at < $1 LIMIT $2)";
        Ok(self.sweep_outbox(now - self.retention.published).await?
            + self.in_batches(inbox, now - self.retention.inbox).await?
            + self.in_batches(keys, now).await?)
    }

    async fn in_batches(&self, sql: &str, before: Timestamp) -> Result<u64, Error> {
        let mut total = 0;
        loop {
            let delete = statement(self.db.reader(), sql, [before.micros().into(), BATCH.into()]);
            let rows = self.db.execute(delete).await?.rows_affected();
            total += rows;
            if rows < BATCH.unsigned_abs() {
                return Ok(total);
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Walks the outbox from its oldest row and stops at the first that is young, so it needs no index of its own.
    async fn sweep_outbox(&self, before: Timestamp) -> Result<u64, Error> {
        let page = "SELECT MAX(seq), MAX(created_at) FROM \
                    (SELECT seq, created_at FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2) oldest";
        let delete = "DELETE FROM outbox WHERE seq > $1 AND seq <= $2 AND published_at < $3";
        let (mut from, mut total) = (0_i64, 0);
        loop {
            let row = statement(self.db.reader(), page, [from.into(), BATCH.into()]);
            let Some(row) = self.db.reader().query_one_raw(row).await? else { return Ok(total) };
            let columns = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let (Some(to), Some(newest)): (Option<i64>, Option<i64>) = columns else { return Ok(total) };
            let values = [from.into(), to.into(), before.micros().into()];
            let delete = statement(self.db.reader(), delete, values);
            total += self.db.execute(delete).await?.rows_affected();
            if newest >= before.micros() {
                return Ok(total);
            }
            from = to;
            time::sleep(PAUSE).await;
        }
    }
}
