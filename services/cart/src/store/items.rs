//! The lines of a cart.

use db::{
    Tx,
    sql::{self, Sized, statement, statement_of},
};
use sea_orm::{ConnectionTrait, DbErr};

use super::line;
use crate::domain::{Line, MAX_QUANTITY};

/// The lines of a cart, in the order they were first added.
pub(crate) async fn of(tx: &Tx, cart_id: &str) -> Result<Vec<Line>, db::Error> {
    let sql = "SELECT sku, quantity, currency, product_id, title, position FROM cart_items WHERE cart_id = $1 \
               ORDER BY position, sku";
    let rows = tx.query_all_raw(statement(tx, sql, [cart_id.into()])).await?;
    Ok(rows.iter().map(|row| line(row, 0)).collect::<Result<_, DbErr>>()?)
}

/// Adds to the line of the SKU, or adds the line. False if the line would then have more than it may: nothing was
/// added.
pub(crate) async fn add(tx: &Tx, cart_id: &str, added: &Line) -> Result<bool, db::Error> {
    let sql = "INSERT INTO cart_items (cart_id, sku, quantity, currency, product_id, title, position) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (cart_id, sku) DO UPDATE \
               SET quantity = cart_items.quantity + excluded.quantity, currency = excluded.currency, \
               product_id = excluded.product_id, title = excluded.title \
               WHERE cart_items.quantity + excluded.quantity <= $8";
    let [id, sku, quantity, currency, product_id, title, position] = row(cart_id, added);
    let values = [id, sku, quantity, currency, product_id, title, position, MAX_QUANTITY.into()];
    Ok(tx.execute_raw(statement(tx, sql, values)).await?.rows_affected() > 0)
}

/// Sets how many a line has. False if there is no such line.
pub(crate) async fn set(tx: &Tx, cart_id: &str, sku: &str, quantity: i32) -> Result<bool, db::Error> {
    let sql = "UPDATE cart_items SET quantity = $3 WHERE cart_id = $1 AND sku = $2";
    let done = tx.execute_raw(statement(tx, sql, [cart_id.into(), sku.into(), quantity.into()])).await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a line. False if there is no such line.
pub(crate) async fn remove(tx: &Tx, cart_id: &str, sku: &str) -> Result<bool, db::Error> {
    let sql = "DELETE FROM cart_items WHERE cart_id = $1 AND sku = $2";
    Ok(tx.execute_raw(statement(tx, sql, [cart_id.into(), sku.into()])).await?.rows_affected() > 0)
}

/// Removes all lines.
pub(crate) async fn clear(tx: &Tx, cart_id: &str) -> Result<(), db::Error> {
    tx.execute_raw(statement(tx, "DELETE FROM cart_items WHERE cart_id = $1", [cart_id.into()])).await?;
    Ok(())
}

/// Takes so many off a line, and the line away when none are left. A line that is not there is passed over.
pub(crate) async fn subtract(tx: &Tx, cart_id: &str, sku: &str, quantity: i64) -> Result<(), db::Error> {
    let fewer = "UPDATE cart_items SET quantity = quantity - $3 WHERE cart_id = $1 AND sku = $2 AND quantity > $3";
    let values = [cart_id.into(), sku.into(), quantity.into()];
    if tx.execute_raw(statement(tx, fewer, values)).await?.rows_affected() == 0 {
        remove(tx, cart_id, sku).await?;
    }
    Ok(())
}

static PUT: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, 7);
    format!(
        "INSERT INTO cart_items (cart_id, sku, quantity, currency, product_id, title, position) VALUES {values} \
         ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = excluded.quantity"
    )
});

/// Stores lines with the quantities they have.
pub(crate) async fn put(tx: &Tx, cart_id: &str, lines: &[Line]) -> Result<(), db::Error> {
    let mut rest = lines;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sql::step(rest.len()));
        let values = now.iter().flat_map(|line| row(cart_id, line)).collect();
        tx.execute_raw(statement_of(tx, PUT.text(now.len()), values)).await?;
        rest = later;
    }
    Ok(())
}

fn row(cart_id: &str, line: &Line) -> [sea_orm::Value; 7] {
    [
        cart_id.into(),
        line.sku.as_str().into(),
        line.quantity.into(),
        line.currency.as_str().into(),
        line.product_id.as_str().into(),
        line.title.as_str().into(),
        line.position.into(),
    ]
}
