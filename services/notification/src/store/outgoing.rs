//! The table `deliveries` as the postman sees it: mail that waits to be handed over.

use std::time::Duration;

use db::{
    Tx,
    sql::{self, Sized, statement, statement_of},
};
use kernel::Timestamp;
use sea_orm::ConnectionTrait;

use crate::{Error, domain::Status};

/// Mail that waits to be handed over. It may hold a secret: it cannot be printed.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    /// The address of the event, or else of the account; none while neither is known.
    pub(crate) email: Option<String>,
    pub(crate) template: String,
    pub(crate) subject: String,
    /// As it is sent.
    pub(crate) body: String,
    /// How often it was tried, this time included.
    pub(crate) attempts: u32,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

static CLAIM: Sized = Sized::new(|rows| {
    let ids = sql::list(3, rows);
    format!(
        "UPDATE deliveries SET due_at = $1, attempts = attempts + 1 WHERE due_at <= $2 AND notification_id IN ({ids}) \
         RETURNING notification_id"
    )
});

/// Ids of mail that is due, the longest waiting first.
pub(crate) async fn due(connection: &impl ConnectionTrait, now: Timestamp, limit: usize) -> Result<Vec<String>, Error> {
    let sql = "SELECT notification_id FROM deliveries WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection.query_all_raw(statement(connection, sql, [now.micros().into(), limit.into()])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Takes mail that is still due for oneself, until the lease ends.
pub(crate) async fn claim(tx: &Tx, ids: &[String], lease: Duration) -> Result<Vec<Outgoing>, Error> {
    let mut claimed: Vec<String> = Vec::with_capacity(ids.len());
    for ids in sql::padded(ids) {
        let mut values = vec![(tx.now() + lease).micros().into(), tx.now().micros().into()];
        values.extend(ids.iter().map(|id| id.as_str().into()));
        for row in tx.query_all_raw(statement_of(tx, CLAIM.text(ids.len()), values)).await? {
            claimed.push(row.try_get_by_index(0)?);
        }
    }
    read(tx, &claimed).await
}

static READ: Sized = Sized::new(|rows| {
    let ids = sql::list(1, rows);
    format!(
        "SELECT notification_id, COALESCE(deliveries.email, contacts.email), template, subject, \
         COALESCE(secret_body, body), attempts, expires_at, created_at FROM deliveries \
         LEFT JOIN contacts ON contacts.account_id = deliveries.account_id WHERE notification_id IN ({ids})"
    )
});

async fn read(tx: &Tx, ids: &[String]) -> Result<Vec<Outgoing>, Error> {
    let mut mail = Vec::with_capacity(ids.len());
    for ids in sql::padded(ids) {
        let values = ids.iter().map(|id| id.as_str().into()).collect();
        for row in tx.query_all_raw(statement_of(tx, READ.text(ids.len()), values)).await? {
            let expires: Option<i64> = row.try_get_by_index(6)?;
            mail.push(Outgoing {
                id: row.try_get_by_index(0)?,
                email: row.try_get_by_index(1)?,
                template: row.try_get_by_index(2)?,
                subject: row.try_get_by_index(3)?,
                body: row.try_get_by_index(4)?,
                attempts: u32::try_from(row.try_get_by_index::<i32>(5)?).unwrap_or(0),
                expires: expires.map(Timestamp::from_micros),
                created_at: Timestamp::from_micros(row.try_get_by_index(7)?),
            });
        }
    }
    Ok(mail)
}

/// Ends the way of a piece of mail. A secret in it is forgotten.
pub(crate) async fn finish(tx: &Tx, id: &str, status: Status, error: &str) -> Result<(), Error> {
    let sql = "UPDATE deliveries SET status = $2, due_at = NULL, secret_body = NULL, last_error = $3, sent_at = $4 \
               WHERE notification_id = $1 AND status = 'queued'";
    let sent_at = (status == Status::Sent).then(|| tx.now().micros());
    tx.execute_raw(statement(tx, sql, [id.into(), status.name().into(), error.into(), sent_at.into()])).await?;
    Ok(())
}

/// Leaves a piece of mail for later.
pub(crate) async fn put_off(tx: &Tx, id: &str, due: Timestamp, error: &str) -> Result<(), Error> {
    let sql = "UPDATE deliveries SET due_at = $2, last_error = $3 WHERE notification_id = $1 AND status = 'queued'";
    tx.execute_raw(statement(tx, sql, [id.into(), due.micros().into(), error.into()])).await?;
    Ok(())
}
