//! The sandbox's books: what it knows of authorizations and calls, and the webhooks it has yet to send.

use db::{Db, Tx, sql::statement};
use kernel::{Money, Timestamp, random_token};
use sea_orm::ConnectionTrait;
use secrecy::SecretString;

use super::bank::{Intent, Past, Said, State};
use crate::{
    Error,
    store::read::{corrupt, named},
};

/// The secret that webhooks are signed with, made when first asked for.
pub(super) async fn webhook_secret(db: &Db) -> Result<SecretString, Error> {
    let fresh = format!("whsec_{}", random_token());
    let fresh = fresh.as_str();
    let secret: String = db
        .write(|tx| {
            Box::pin(async move {
                let sql = "INSERT INTO sandbox_settings (name, value) VALUES ('webhook_secret', $1) \
                           ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value";
                let row = tx.query_one_raw(statement(&**tx, sql, [fresh.into()])).await?;
                let row = row.ok_or_else(|| corrupt("the secret of webhooks", ""))?;
                Ok::<_, Error>(row.try_get_by_index(0)?)
            })
        })
        .await?;
    Ok(secret.into())
}

pub(super) async fn call(connection: &impl ConnectionTrait, key: &str) -> Result<Option<Past>, Error> {
    let sql = "SELECT calls, fingerprint, answer FROM sandbox_calls WHERE key = $1";
    let Some(row) = connection.query_one_raw(statement(connection, sql, [key.into()])).await? else { return Ok(None) };
    let answer: Option<String> = row.try_get_by_index(2)?;
    let said = answer.map(|text| serde_json::from_str(&text).map_err(|_| corrupt("an answer of the sandbox", &text)));
    Ok(Some(Past { calls: row.try_get_by_index(0)?, fingerprint: row.try_get_by_index(1)?, said: said.transpose()? }))
}

pub(super) async fn put_call(tx: &Tx, key: &str, past: &Past) -> Result<(), Error> {
    let sql = "INSERT INTO sandbox_calls (key, calls, fingerprint, answer) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (key) DO UPDATE SET calls = excluded.calls, answer = excluded.answer";
    let answer = past.said.as_ref().map(text);
    let values = [key.into(), past.calls.into(), past.fingerprint.as_str().into(), answer.into()];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

fn text(said: &Said) -> String {
    serde_json::to_string(said).expect("an answer is JSON")
}

pub(super) async fn intent(
    connection: &impl ConnectionTrait,
    authorization_key: &str,
) -> Result<Option<Intent>, Error> {
    let sql = "SELECT payment_id, order_id, token, state, amount_minor, currency, refunded_minor \
               FROM sandbox_intents WHERE authorization_key = $1";
    let row = connection.query_one_raw(statement(connection, sql, [authorization_key.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let currency: String = row.try_get_by_index(5)?;
    let currency = currency.parse().map_err(|_| corrupt("a currency of the sandbox", &currency))?;
    Ok(Some(Intent {
        authorization_key: authorization_key.to_owned(),
        payment_id: row.try_get_by_index(0)?,
        order_id: row.try_get_by_index(1)?,
        token: row.try_get_by_index(2)?,
        state: named(&row, 3, "the state of an intent", State::named)?,
        amount: Money::new(currency, row.try_get_by_index(4)?),
        refunded_minor: row.try_get_by_index(6)?,
    }))
}

pub(super) async fn put_intent(tx: &Tx, intent: &Intent) -> Result<(), Error> {
    let sql = "INSERT INTO sandbox_intents (authorization_key, payment_id, order_id, token, state, amount_minor, \
               currency, refunded_minor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (authorization_key) \
               DO UPDATE SET state = excluded.state, refunded_minor = excluded.refunded_minor";
    let values = [
        intent.authorization_key.as_str().into(),
        intent.payment_id.as_str().into(),
        intent.order_id.as_str().into(),
        intent.token.as_str().into(),
        intent.state.name().into(),
        intent.amount.minor.into(),
        intent.amount.currency.code().into(),
        intent.refunded_minor.into(),
    ];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

/// A webhook that waits to be sent.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) event_id: String,
    pub(super) body: String,
    pub(super) failures: i32,
    pub(super) created_at: Timestamp,
}

pub(super) async fn put_webhook(tx: &Tx, event_id: &str, body: &str, due: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO sandbox_webhooks (event_id, body, failures, due_at, created_at) \
               VALUES ($1, $2, 0, $3, $4)";
    let values = [event_id.into(), body.into(), due.micros().into(), tx.now().micros().into()];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

pub(super) async fn due_webhooks(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Webhook>, Error> {
    let sql = "SELECT event_id, body, failures, created_at FROM sandbox_webhooks WHERE due_at <= $1 \
               ORDER BY due_at LIMIT $2";
    let rows = connection.query_all_raw(statement(connection, sql, [now.micros().into(), limit.into()])).await?;
    rows.iter()
        .map(|row| {
            Ok(Webhook {
                event_id: row.try_get_by_index(0)?,
                body: row.try_get_by_index(1)?,
                failures: row.try_get_by_index(2)?,
                created_at: Timestamp::from_micros(row.try_get_by_index(3)?),
            })
        })
        .collect()
}

/// Forgets a webhook that was taken, or that nobody takes.
pub(super) async fn remove_webhook(tx: &Tx, event_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM sandbox_webhooks WHERE event_id = $1";
    tx.execute_raw(statement(tx, sql, [event_id.into()])).await?;
    Ok(())
}

pub(super) async fn put_off_webhook(tx: &Tx, event_id: &str, due: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE sandbox_webhooks SET failures = failures + 1, due_at = $2 WHERE event_id = $1";
    tx.execute_raw(statement(tx, sql, [event_id.into(), due.micros().into()])).await?;
    Ok(())
}
