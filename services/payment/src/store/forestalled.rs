//! The table `forestalled_payments`: payments that were cancelled before they were begun.

use db::{Tx, sql::statement};
use sea_orm::ConnectionTrait;

use crate::Error;

/// Remembers that the payment must not be begun. Once is enough.
pub(crate) async fn insert(tx: &Tx, payment_id: &str, order_id: &str) -> Result<(), Error> {
    let sql = "INSERT INTO forestalled_payments (payment_id, order_id, created_at) VALUES ($1, $2, $3) \
               ON CONFLICT (payment_id) DO NOTHING";
    tx.execute_raw(statement(tx, sql, [payment_id.into(), order_id.into(), tx.now().micros().into()])).await?;
    Ok(())
}

/// Whether the payment must not be begun.
pub(crate) async fn exists(connection: &impl ConnectionTrait, payment_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM forestalled_payments WHERE payment_id = $1";
    Ok(connection.query_one_raw(statement(connection, sql, [payment_id.into()])).await?.is_some())
}
