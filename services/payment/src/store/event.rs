//! The table `provider_events`: the ledger. Rows are only ever added.

use std::collections::HashMap;

use db::{
    Tx,
    sql::{self, Sized, statement, statement_of},
};
use sea_orm::ConnectionTrait;

use super::read::named;
use crate::{
    Error,
    domain::{
        ledger::{Entry, Event, Report},
        payment::Payment,
    },
};

static FIND: Sized = Sized::new(|rows| {
    let ids = sql::list(1, rows);
    format!(
        "SELECT payment_id, event_id, type, reference, amount_minor FROM provider_events WHERE payment_id IN ({ids})"
    )
});

/// The ledgers of payments.
pub(super) async fn of_payments(
    connection: &impl ConnectionTrait,
    ids: &[String],
) -> Result<HashMap<String, Vec<Entry>>, Error> {
    let values = ids.iter().map(|id| id.as_str().into()).collect();
    let mut ledgers: HashMap<String, Vec<Entry>> = HashMap::new();
    for row in connection.query_all_raw(statement_of(connection, FIND.text(ids.len()), values)).await? {
        ledgers.entry(row.try_get_by_index(0)?).or_default().push(Entry {
            event_id: row.try_get_by_index(1)?,
            event: named(&row, 2, "the type of a provider's event", Event::named)?,
            reference: row.try_get_by_index(3)?,
            amount_minor: row.try_get_by_index(4)?,
        });
    }
    Ok(ledgers)
}

const COLUMNS: usize = 7;

static INSERT: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, COLUMNS);
    format!(
        "INSERT INTO provider_events (provider, event_id, payment_id, reference, type, amount_minor, recorded_at) \
         VALUES {values}"
    )
});

pub(super) async fn insert_all(tx: &Tx, entries: &[(&Payment, &Entry)]) -> Result<(), Error> {
    let rows: Vec<[sea_orm::Value; COLUMNS]> = entries
        .iter()
        .map(|(payment, entry)| {
            [
                payment.provider.as_str().into(),
                entry.event_id.as_str().into(),
                payment.id.to_string().into(),
                entry.reference.as_str().into(),
                entry.event.name().into(),
                entry.amount_minor.into(),
                tx.now().micros().into(),
            ]
        })
        .collect();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (rows, others) = rest.split_at(sql::step(rest.len()));
        tx.execute_raw(statement_of(tx, INSERT.text(rows.len()), rows.concat())).await?;
        rest = others;
    }
    Ok(())
}

/// Whether the provider has reported this already: the same event, or the same fact under another one.
pub(crate) async fn is_known(
    connection: &impl ConnectionTrait,
    provider: &str,
    payment_id: &str,
    report: &Report,
) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM provider_events WHERE (provider = $1 AND event_id = $2) \
               OR (payment_id = $3 AND reference = $4 AND type = $5) LIMIT 1";
    let values = [
        provider.into(),
        report.event_id.as_str().into(),
        payment_id.into(),
        report.reference.as_str().into(),
        report.event.name().into(),
    ];
    Ok(connection.query_one_raw(statement(connection, sql, values)).await?.is_some())
}
