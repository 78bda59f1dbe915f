//! The table `contacts`: who an account is, as identity told.

use db::{Tx, sql::statement};
use sea_orm::ConnectionTrait;

use crate::Error;

/// Remembers an account's address and name.
pub(crate) async fn put(tx: &Tx, account_id: &str, email: &str, display_name: &str) -> Result<(), Error> {
    let sql = "INSERT INTO contacts (account_id, email, display_name, updated_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, \
               display_name = excluded.display_name, updated_at = excluded.updated_at";
    let values = [account_id.into(), email.into(), display_name.into(), tx.now().micros().into()];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

/// An account's name; empty if the account is not known (yet).
pub(crate) async fn display_name(connection: &impl ConnectionTrait, account_id: &str) -> Result<String, Error> {
    let sql = "SELECT display_name FROM contacts WHERE account_id = $1";
    let row = connection.query_one_raw(statement(connection, sql, [account_id.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}
