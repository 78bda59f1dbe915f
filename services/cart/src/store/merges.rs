//! Guest carts that became part of an account's.

use db::{Tx, sql::statement};
use sea_orm::ConnectionTrait;

/// A guest cart.
#[derive(Debug)]
pub(crate) struct Guest {
    pub cart_id: String,
    /// If it was merged: into whose cart, and what was told of it.
    pub merged: Option<(String, Vec<u8>)>,
}

/// The guest cart of the token, merged or not.
pub(crate) async fn guest(tx: &Tx, token_hash: &str) -> Result<Option<Guest>, db::Error> {
    let sql = "SELECT cart_id, merged_into, merge_report FROM carts WHERE token_hash = $1";
    let Some(row) = tx.query_one_raw(statement(tx, sql, [token_hash.into()])).await? else { return Ok(None) };
    let into: Option<String> = row.try_get_by_index(1)?;
    let report: Option<Vec<u8>> = row.try_get_by_index(2)?;
    let merged = into.map(|into| (into, report.unwrap_or_default()));
    Ok(Some(Guest { cart_id: row.try_get_by_index(0)?, merged }))
}

/// Remembers that a guest cart was merged. It keeps its row, so that merging it again is known to be that.
pub(crate) async fn remember(tx: &Tx, cart_id: &str, account_id: &str, report: Vec<u8>) -> Result<(), db::Error> {
    let sql = "UPDATE carts SET merged_into = $2, merge_report = $3, version = version + 1, update_time = $4 \
               WHERE cart_id = $1";
    let values = [cart_id.into(), account_id.into(), report.into(), tx.now().micros().into()];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

/// A cart that an order was made from.
#[derive(Debug)]
pub(crate) struct Ordered {
    /// Its version before this change.
    pub version: i64,
    /// Whose cart has its lines by now.
    pub merged_into: Option<String>,
}

/// Begins a change of the cart with the id. None if it is gone.
pub(crate) async fn touch_ordered(tx: &Tx, cart_id: &str) -> Result<Option<Ordered>, db::Error> {
    let sql = "UPDATE carts SET version = version + 1, update_time = $2 WHERE cart_id = $1 \
               RETURNING version, merged_into";
    let row = tx.query_one_raw(statement(tx, sql, [cart_id.into(), tx.now().micros().into()])).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Ordered { version: row.try_get_by_index::<i64>(0)? - 1, merged_into: row.try_get_by_index(1)? }))
}
