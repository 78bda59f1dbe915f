//! The table `payments`. Its `status` is derived, and stored for people who look.

use db::{
    Tx,
    sql::{self, Sized, statement, statement_of},
};
use kernel::Money;
use sea_orm::{ConnectionTrait, QueryResult};

use super::read::{corrupt, moment, optional_moment};
use crate::{
    Error,
    domain::{attempt::PaymentToken, ledger::Ledger, payer::Payer, payment::Payment},
};

static FIND: Sized = Sized::new(|rows| {
    let ids = sql::list(1, rows);
    format!(
        "SELECT payment_id, order_id, account_id, order_token_hash, provider, amount_minor, currency, payment_token, \
         capture_wanted, cancel_wanted, failure, action_expires_at, created_at, updated_at \
         FROM payments WHERE payment_id IN ({ids})"
    )
});

/// Payments without their attempts and ledgers.
pub(super) async fn find_all(
    connection: &impl ConnectionTrait,
    ids: &[String],
) -> Result<Vec<(String, Payment)>, Error> {
    let values = ids.iter().map(|id| id.as_str().into()).collect();
    let rows = connection.query_all_raw(statement_of(connection, FIND.text(ids.len()), values)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<(String, Payment), Error> {
    let id: String = row.try_get_by_index(0)?;
    let (minor, currency): (i64, String) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
    let currency = currency.parse().map_err(|_| corrupt("a currency", &currency))?;
    let payment = Payment {
        id: id.parse().map_err(|_| corrupt("the id of a payment", &id))?,
        order_id: row.try_get_by_index(1)?,
        payer: payer(row.try_get_by_index(2)?, row.try_get_by_index(3)?),
        provider: row.try_get_by_index(4)?,
        amount: Money::new(currency, minor),
        token: PaymentToken(row.try_get_by_index(7)?),
        capture_wanted: row.try_get_by_index(8)?,
        cancel_wanted: row.try_get_by_index(9)?,
        failure: row.try_get_by_index(10)?,
        action_expires: optional_moment(row, 11)?,
        attempts: Vec::new(),
        ledger: Ledger::default(),
        created_at: moment(row, 12)?,
        updated_at: moment(row, 13)?,
    };
    Ok((id, payment))
}

fn payer(account: Option<String>, hash: Option<Vec<u8>>) -> Payer {
    match (account, hash.and_then(|hash| hash.try_into().ok())) {
        (Some(account), _) => Payer::Account(account),
        (None, Some(hash)) => Payer::Guest(hash),
        (None, None) => Payer::Nobody,
    }
}

/// Stores a new payment, without its attempts. The order has no other.
pub(crate) async fn insert(tx: &Tx, payment: &Payment) -> Result<(), Error> {
    let sql = "INSERT INTO payments (payment_id, order_id, account_id, order_token_hash, provider, status, \
               amount_minor, currency, payment_token, capture_wanted, cancel_wanted, failure, action_expires_at, \
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let (account, hash) = match &payment.payer {
        Payer::Account(account) => (Some(account.as_str()), None),
        Payer::Guest(hash) => (None, Some(hash.to_vec())),
        Payer::Nobody => (None, None),
    };
    let values = [
        payment.id.to_string().into(),
        payment.order_id.as_str().into(),
        account.into(),
        hash.into(),
        payment.provider.as_str().into(),
        payment.status().name().into(),
        payment.amount.minor.into(),
        payment.amount.currency.code().into(),
        payment.token.0.as_str().into(),
        payment.capture_wanted.into(),
        payment.cancel_wanted.into(),
        payment.failure.as_str().into(),
        payment.action_expires.map(|moment| moment.micros()).into(),
        tx.now().micros().into(),
        tx.now().micros().into(),
    ];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

/// Whether the row has to change: much of what happens is in the attempts alone.
pub(super) fn differs(before: &Payment, after: &Payment) -> bool {
    let row = |payment: &Payment| {
        (payment.status(), payment.capture_wanted, payment.cancel_wanted, payment.action_expires.map(|at| at.micros()))
    };
    row(before) != row(after) || before.token != after.token || before.failure != after.failure
}

pub(super) async fn update(tx: &Tx, payment: &Payment) -> Result<(), Error> {
    let sql = "UPDATE payments SET status = $2, payment_token = $3, capture_wanted = $4, cancel_wanted = $5, \
               failure = $6, action_expires_at = $7, updated_at = $8 WHERE payment_id = $1";
    let values = [
        payment.id.to_string().into(),
        payment.status().name().into(),
        payment.token.0.as_str().into(),
        payment.capture_wanted.into(),
        payment.cancel_wanted.into(),
        payment.failure.as_str().into(),
        payment.action_expires.map(|moment| moment.micros()).into(),
        tx.now().micros().into(),
    ];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

/// The payment of an order, by id.
pub(crate) async fn of_order(connection: &impl ConnectionTrait, order_id: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT payment_id FROM payments WHERE order_id = $1";
    let row = connection.query_one_raw(statement(connection, sql, [order_id.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
