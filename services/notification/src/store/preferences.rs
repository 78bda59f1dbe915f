//! The table `preferences`. Who has no row wants what everybody begins with.

use db::{Tx, sql::statement};
use sea_orm::ConnectionTrait;

use crate::{Error, domain::Preferences};

pub(crate) async fn of(connection: &impl ConnectionTrait, account_id: &str) -> Result<Preferences, Error> {
    let sql = "SELECT order_email, marketing_email, version FROM preferences WHERE account_id = $1";
    let row = connection.query_one_raw(statement(connection, sql, [account_id.into()])).await?;
    let Some(row) = row else { return Ok(Preferences::default()) };
    Ok(Preferences {
        order_email: row.try_get_by_index(0)?,
        marketing_email: row.try_get_by_index(1)?,
        version: row.try_get_by_index(2)?,
    })
}

pub(crate) async fn put(tx: &Tx, account_id: &str, preferences: &Preferences) -> Result<(), Error> {
    let sql = "INSERT INTO preferences (account_id, order_email, marketing_email, version, updated_at) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id) DO UPDATE SET order_email = excluded.order_email, \
               marketing_email = excluded.marketing_email, version = excluded.version, \
               updated_at = excluded.updated_at";
    let values = [
        account_id.into(),
        preferences.order_email.into(),
        preferences.marketing_email.into(),
        preferences.version.into(),
        tx.now().micros().into(),
    ];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}
