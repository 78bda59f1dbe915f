//! The table `attempts`: every call to a provider, stored before it is made.

use db::{
    Db, Tx,
    sql::{self, Sized, statement, statement_of},
};
use kernel::{Backoff, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult};

use super::read::{count, named, optional_moment};
use crate::{
    Error,
    domain::{
        attempt::{Attempt, Due, Operation, State},
        payment::Payment,
    },
};

static FIND: Sized = Sized::new(|rows| {
    let ids = sql::list(1, rows);
    format!(
        "SELECT payment_id, operation, number, state, reference, sent_at, failures, due_at FROM attempts \
         WHERE payment_id IN ({ids}) ORDER BY created_at, number"
    )
});

/// The attempts of payments, each with the payment's id.
pub(super) async fn of_payments(
    connection: &impl ConnectionTrait,
    ids: &[String],
) -> Result<Vec<(String, Attempt)>, Error> {
    let values = ids.iter().map(|id| id.as_str().into()).collect();
    let rows = connection.query_all_raw(statement_of(connection, FIND.text(ids.len()), values)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, read(row)?))).collect()
}

fn read(row: &QueryResult) -> Result<Attempt, Error> {
    Ok(Attempt {
        operation: named(row, 1, "an operation", Operation::named)?,
        number: count(row, 2)?,
        state: named(row, 3, "the state of an attempt", State::named)?,
        reference: row.try_get_by_index(4)?,
        sent_at: optional_moment(row, 5)?,
        failures: count(row, 6)?,
        due: optional_moment(row, 7)?.map_or(Due::Never, Due::At),
    })
}

const COLUMNS: usize = 11;

static PUT: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, COLUMNS);
    format!(
        "INSERT INTO attempts (key, payment_id, operation, number, state, reference, sent_at, failures, due_at, \
         created_at, updated_at) VALUES {values} ON CONFLICT (key) DO UPDATE SET state = excluded.state, \
         reference = excluded.reference, sent_at = excluded.sent_at, failures = excluded.failures, \
         due_at = excluded.due_at, updated_at = excluded.updated_at"
    )
});

/// Stores new attempts and what became of known ones. How long `Due::After` waits is up to `backoff`.
pub(crate) async fn put_all(tx: &Tx, attempts: &[(&Payment, &Attempt)], backoff: Backoff) -> Result<(), Error> {
    let rows: Vec<[sea_orm::Value; COLUMNS]> = attempts
        .iter()
        .map(|(payment, attempt)| {
            [
                payment.key(attempt).into(),
                payment.id.to_string().into(),
                attempt.operation.name().into(),
                integer(attempt.number).into(),
                attempt.state.name().into(),
                attempt.reference.as_str().into(),
                attempt.sent_at.map(|moment| moment.micros()).into(),
                integer(attempt.failures).into(),
                due_at(attempt.due, tx.now(), backoff).map(|moment| moment.micros()).into(),
                tx.now().micros().into(),
                tx.now().micros().into(),
            ]
        })
        .collect();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (rows, others) = rest.split_at(sql::step(rest.len()));
        tx.execute_raw(statement_of(tx, PUT.text(rows.len()), rows.concat())).await?;
        rest = others;
    }
    Ok(())
}

/// SQL knows no unsigned integers.
fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn due_at(due: Due, now: Timestamp, backoff: Backoff) -> Option<Timestamp> {
    match due {
        Due::Never => None,
        Due::Now => Some(now),
        Due::At(moment) => Some(moment),
        Due::After(failures) => Some(now + backoff.wait(failures)),
    }
}

/// An attempt that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueAttempt {
    pub(crate) key: String,
    pub(crate) payment_id: String,
}

/// Attempts that are due, the longest waiting first.
pub(crate) async fn due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<DueAttempt>, Error> {
    let sql = "SELECT key, payment_id FROM attempts WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection.query_all_raw(statement(connection, sql, [now.micros().into(), limit.into()])).await?;
    rows.iter()
        .map(|row| Ok(DueAttempt { key: row.try_get_by_index(0)?, payment_id: row.try_get_by_index(1)? }))
        .collect()
}

/// Makes calls that a process made, or asked about, when it was killed due at once. Their leases protect nobody any
/// more; should another replica hold one, both find the same answer under the same key.
pub(crate) async fn abandon_leases(db: &Db) -> Result<u64, Error> {
    let now = db.clock().now().micros();
    db.write(|tx| {
        Box::pin(async move {
            let sql = "UPDATE attempts SET due_at = $1 WHERE due_at > $1 AND state IN ($2, $3, $4)";
            let [sent, processing, unknown] = [State::Sent, State::Processing, State::Unknown].map(State::name);
            let update = statement(&**tx, sql, [now.into(), sent.into(), processing.into(), unknown.into()]);
            Ok(tx.execute_raw(update).await?.rows_affected())
        })
    })
    .await
}
