//! The tables of carts. Functions take a connection, so that they compose in one transaction.
//!
//! A transaction that changes a cart begins by letting its version grow ([`touch`]), which on every database makes
//! other changes of the same cart wait for it.

pub(crate) mod items;
pub(crate) mod merges;

use db::{Tx, sql::statement};
use kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    domain::{Cart, CartId, Line},
    owner::Owner,
};

/// A cart that is being changed: its id and its new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    pub cart_id: String,
    pub version: i64,
}

/// The owner's cart. A guest cart that was merged is nobody's any more.
pub(crate) async fn find(db: &impl ConnectionTrait, owner: &Owner) -> Result<Option<Cart>, db::Error> {
    let sql = match owner {
        Owner::Account(_) => {
            "SELECT c.cart_id, c.version, c.update_time, i.sku, i.quantity, i.currency, i.product_id, i.title, \
             i.position FROM carts c LEFT JOIN cart_items i ON i.cart_id = c.cart_id \
             WHERE c.account_id = $1 ORDER BY i.position, i.sku"
        }
        Owner::Guest(_) => {
            "SELECT c.cart_id, c.version, c.update_time, i.sku, i.quantity, i.currency, i.product_id, i.title, \
             i.position FROM carts c LEFT JOIN cart_items i ON i.cart_id = c.cart_id \
             WHERE c.token_hash = $1 AND c.merged_into IS NULL ORDER BY i.position, i.sku"
        }
    };
    let (Owner::Account(key) | Owner::Guest(key)) = owner;
    let rows = db.query_all_raw(statement(db, sql, [key.as_str().into()])).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut cart = Cart {
        cart_id: first.try_get_by_index(0)?,
        version: first.try_get_by_index(1)?,
        update_time: Timestamp::from_micros(first.try_get_by_index(2)?),
        lines: Vec::with_capacity(rows.len()),
    };
    for row in &rows {
        if row.try_get_by_index::<Option<String>>(3)?.is_some() {
            cart.lines.push(line(row, 3)?);
        }
    }
    Ok(Some(cart))
}

/// Begins a change of the owner's cart. None if there is no such cart.
pub(crate) async fn touch(tx: &Tx, owner: &Owner) -> Result<Option<Touched>, db::Error> {
    let sql = match owner {
        Owner::Account(_) => {
            "UPDATE carts SET version = version + 1, update_time = $2 WHERE account_id = $1 \
             RETURNING cart_id, version"
        }
        Owner::Guest(_) => {
            "UPDATE carts SET version = version + 1, update_time = $2 \
             WHERE token_hash = $1 AND merged_into IS NULL RETURNING cart_id, version"
        }
    };
    let (Owner::Account(key) | Owner::Guest(key)) = owner;
    let row = tx.query_one_raw(statement(tx, sql, [key.as_str().into(), tx.now().micros().into()])).await?;
    Ok(row.as_ref().map(touched).transpose()?)
}

/// Begins a change of the account's cart, making one where there is none.
pub(crate) async fn touch_account(tx: &Tx, account_id: &str) -> Result<Touched, db::Error> {
    let sql = "INSERT INTO carts (cart_id, account_id, version, create_time, update_time) VALUES ($1, $2, 1, $3, $3) \
               ON CONFLICT (account_id) DO UPDATE SET version = carts.version + 1, \
               update_time = excluded.update_time RETURNING cart_id, version";
    let values = [new_id(tx).into(), account_id.into(), tx.now().micros().into()];
    expect_row(tx.query_one_raw(statement(tx, sql, values)).await?)
}

/// Makes a cart for a new guest.
pub(crate) async fn create_for_guest(tx: &Tx, token_hash: &str) -> Result<Touched, db::Error> {
    let sql = "INSERT INTO carts (cart_id, token_hash, version, create_time, update_time) \
               VALUES ($1, $2, 1, $3, $3) RETURNING cart_id, version";
    let values = [new_id(tx).into(), token_hash.into(), tx.now().micros().into()];
    expect_row(tx.query_one_raw(statement(tx, sql, values)).await?)
}

/// Removes guest carts that have not changed since `before`, a few hundred at most, and returns how many those were.
pub(crate) async fn remove_unused(tx: &Tx, before: Timestamp) -> Result<u64, db::Error> {
    let sql = "DELETE FROM carts WHERE cart_id IN (SELECT cart_id FROM carts \
               WHERE account_id IS NULL AND update_time < $1 ORDER BY update_time LIMIT 500)";
    Ok(tx.execute_raw(statement(tx, sql, [before.micros().into()])).await?.rows_affected())
}

fn new_id(tx: &Tx) -> String {
    CartId::generate(tx.ids()).to_string()
}

fn touched(row: &QueryResult) -> Result<Touched, DbErr> {
    Ok(Touched { cart_id: row.try_get_by_index(0)?, version: row.try_get_by_index(1)? })
}

fn expect_row(row: Option<QueryResult>) -> Result<Touched, db::Error> {
    let missing = || DbErr::RecordNotFound("RETURNING answers with the row".to_owned());
    Ok(touched(&row.ok_or_else(missing)?)?)
}

/// A line from the columns `sku, quantity, currency, product_id, title, position` that begin at `first`.
fn line(row: &QueryResult, first: usize) -> Result<Line, DbErr> {
    Ok(Line {
        sku: row.try_get_by_index(first)?,
        quantity: row.try_get_by_index(first + 1)?,
        currency: row.try_get_by_index(first + 2)?,
        product_id: row.try_get_by_index(first + 3)?,
        title: row.try_get_by_index(first + 4)?,
        position: row.try_get_by_index(first + 5)?,
    })
}
