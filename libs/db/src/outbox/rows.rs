//! The waiting rows of the outbox, and what becomes of them.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use bus::{Message, PublishError};
use kernel::{Backoff, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use crate::{
    Db, Error, Tx,
    inbox::corrupt,
    metrics::OUTBOX_PARKED_TOTAL,
    sql::{self, Sized, statement, statement_of},
};

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
/// After how many refusals a row is parked.
const MAX_REFUSALS: u32 = 10;

/// A row that waits for the bus.
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) message: Message,
    pub(super) available_at: Timestamp,
}

impl Row {
    fn read(row: &QueryResult) -> Result<Self, Error> {
        let id: String = row.try_get_by_index(1)?;
        let payload: Vec<u8> = row.try_get_by_index(4)?;
        let headers = match row.try_get_by_index::<Option<String>>(5)? {
            Some(headers) => serde_json::from_str(&headers).map_err(|error| corrupt("headers of the outbox", error))?,
            None => BTreeMap::new(),
        };
        let message = Message {
            id: id.parse().map_err(|error: uuid::Error| corrupt("an id of the outbox", error))?,
            kind: row.try_get_by_index(3)?,
            aggregate: row.try_get_by_index(2)?,
            payload: payload.into(),
            headers,
            created_at: Timestamp::from_micros(row.try_get_by_index(6)?),
            attempts: row.try_get_by_index::<i32>(8)?.unsigned_abs(),
        };
        Ok(Self {
            seq: row.try_get_by_index(0)?,
            message,
            available_at: Timestamp::from_micros(row.try_get_by_index(7)?),
        })
    }
}

/// The next `limit` waiting rows after `after`.
pub(super) async fn page(db: &Db, after: i64, limit: usize) -> Result<Vec<Row>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let page = statement(db.reader(), PAGE, [after.into(), limit.into()]);
    db.reader().query_all_raw(page).await?.iter().map(Row::read).collect()
}

const PAGE: &str = "SELECT seq, id, aggregate, kind, payload, headers, created_at, available_at, attempts FROM outbox \
                    WHERE published_at IS NULL AND parked_at IS NULL AND seq > $1 ORDER BY seq LIMIT $2";

/// The aggregates that are held back by a parked row.
pub(super) async fn parked(db: &Db) -> Result<HashSet<String>, Error> {
    let sql = "SELECT DISTINCT aggregate FROM outbox WHERE parked_at IS NOT NULL AND published_at IS NULL";
    let rows = db.reader().query_all_raw(statement(db.reader(), sql, [])).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Marks rows as published.
pub(super) async fn mark(db: &Db, seqs: &[i64]) -> Result<(), Error> {
    static MARK: Sized =
        Sized::new(|rows| format!("UPDATE outbox SET published_at = $1 WHERE seq IN ({})", sql::list(2, rows)));
    let now = Value::from(db.clock().now().micros());
    for chunk in sql::padded(seqs) {
        let text = MARK.text(chunk.len());
        let values = std::iter::once(now.clone()).chain(chunk.into_iter().map(Value::from)).collect();
        db.execute(statement_of(db.reader(), text, values)).await?;
    }
    Ok(())
}

/// A row that the bus did not take.
pub(super) struct Failure {
    seq: i64,
    kind: String,
    error: String,
    pub(super) aggregate: String,
    pub(super) wait: Duration,
    pub(super) parked: bool,
}

impl Failure {
    /// `None` for a row that was not even tried.
    pub(super) fn new(seq: i64, message: &Message, error: &PublishError) -> Option<Self> {
        let attempts = message.attempts.saturating_add(1);
        let parked = match error {
            PublishError::Behind => return None,
            PublishError::Unavailable { .. } => false,
            PublishError::Refused { .. } => attempts >= MAX_REFUSALS,
        };
        Some(Self {
            seq,
            kind: message.kind.clone(),
            error: error.chain(),
            aggregate: message.aggregate.clone(),
            wait: BACKOFF.wait(attempts),
            parked,
        })
    }

    async fn store(&self, tx: &Tx) -> Result<(), Error> {
        let sql = "UPDATE outbox SET attempts = attempts + 1, last_error = $2, available_at = $3, parked_at = $4 \
                   WHERE seq = $1";
        let parked_at = self.parked.then_some(tx.now().micros());
        let available_at = (tx.now() + self.wait).micros();
        let values = [self.seq.into(), self.error.as_str().into(), available_at.into(), parked_at.into()];
        tx.execute_raw(statement(tx, sql, values)).await?;
        Ok(())
    }
}

/// Logs each row that is parked, and the others as one: when the bus is away they are many.
pub(super) fn report(service: &str, failures: &[Failure]) {
    for Failure { kind, error, aggregate, .. } in failures.iter().filter(|failure| failure.parked) {
        tracing::error!(db.service = service, message.kind = kind, aggregate, error, "event parked");
        metrics::counter!(OUTBOX_PARKED_TOTAL, "service" => service.to_owned(), "kind" => kind.clone()).increment(1);
    }
    let mut waiting = failures.iter().filter(|failure| !failure.parked);
    if let Some(Failure { kind, error, aggregate, .. }) = waiting.next() {
        let others = waiting.count();
        tracing::warn!(db.service = service, message.kind = kind, aggregate, error, others, "event not published yet");
    }
}

/// Stores when to try the rows again, or that they are parked.
pub(super) async fn store_failures(db: &Db, failures: &[Failure]) -> Result<(), Error> {
    db.write(|tx| {
        Box::pin(async move {
            for failure in failures {
                failure.store(tx).await?;
            }
            Ok(())
        })
    })
    .await
}
