//! The table `deliveries` as people see it: what they were told, one row for each event and channel.

use bus::Message;
use db::{Tx, sql::statement};
use kernel::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::{
    Error,
    domain::{Letter, Status},
};

/// The one channel there is.
const EMAIL: &str = "email";

/// A notification as its receiver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) template: String,
    pub(crate) status: Status,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) order_id: String,
    pub(crate) read: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) sent_at: Option<Timestamp>,
}

/// Stores what an event leads to, unless it has led to it before. Tells whether it was new.
pub(crate) async fn insert(tx: &Tx, event: &Message, letter: &Letter, status: Status) -> Result<bool, Error> {
    let sql = "INSERT INTO deliveries (notification_id, event_id, channel, account_id, email, order_id, template, \
               subject, body, secret_body, status, attempts, due_at, expires_at, last_error, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, '', $14) \
               ON CONFLICT (event_id, channel) DO NOTHING";
    let queued = status == Status::Queued;
    let now = tx.now().micros();
    let values = [
        tx.ids().uuid().to_string().into(),
        event.id.to_string().into(),
        EMAIL.into(),
        letter.account_id.as_deref().into(),
        letter.email.as_deref().into(),
        letter.order_id.as_str().into(),
        letter.template.name().into(),
        letter.subject.as_str().into(),
        letter.body.as_str().into(),
        letter.secret_body.as_deref().filter(|_| queued).into(),
        status.name().into(),
        queued.then_some(now).into(),
        letter.expires.map(|expires| expires.micros()).into(),
        now.into(),
    ];
    Ok(tx.execute_raw(statement(tx, sql, values)).await?.rows_affected() == 1)
}

const COLUMNS: &str = "notification_id, template, status, subject, body, order_id, read_at, created_at, sent_at";

fn read(row: &QueryResult) -> Result<Delivery, Error> {
    let status: String = row.try_get_by_index(2)?;
    let read_at: Option<i64> = row.try_get_by_index(6)?;
    let sent_at: Option<i64> = row.try_get_by_index(8)?;
    let unknown = || db::Error::Corrupt { what: "the status of a delivery", source: status.clone().into() };
    Ok(Delivery {
        id: row.try_get_by_index(0)?,
        template: row.try_get_by_index(1)?,
        status: Status::named(&status).ok_or_else(unknown)?,
        subject: row.try_get_by_index(3)?,
        body: row.try_get_by_index(4)?,
        order_id: row.try_get_by_index(5)?,
        read: read_at.is_some(),
        created_at: Timestamp::from_micros(row.try_get_by_index(7)?),
        sent_at: sent_at.map(Timestamp::from_micros),
    })
}

/// A page of an account's notifications, newest first, after the one with the id `after`.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    account_id: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Delivery>, Error> {
    // UUIDv7 ids sort by time. No id sorts after this one.
    let after = after.unwrap_or("g");
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE account_id = $1 AND notification_id < $2 \
         ORDER BY notification_id DESC LIMIT $3"
    );
    let values = [account_id.into(), after.into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(statement(connection, &sql, values)).await?;
    rows.iter().map(read).collect()
}

/// Marks one of the account's notifications as read, once; none if the account has no such notification.
pub(crate) async fn mark_read(tx: &Tx, account_id: &str, id: &str) -> Result<Option<Delivery>, Error> {
    let sql = format!(
        "UPDATE deliveries SET read_at = COALESCE(read_at, $3) WHERE notification_id = $1 AND account_id = $2 \
         RETURNING {COLUMNS}"
    );
    let values = [id.into(), account_id.into(), tx.now().micros().into()];
    let row = tx.query_one_raw(statement(tx, &sql, values)).await?;
    row.as_ref().map(read).transpose()
}
