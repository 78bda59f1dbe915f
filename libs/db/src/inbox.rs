//! The inbox: each message takes effect once per consumer, however often it is delivered.
//!
//! A batch is one transaction: the ids of its messages, their effects, and what these emit. A message whose id is
//! there already is skipped; if one fails, none took effect.

use std::{collections::HashSet, fmt, sync::Arc};

use async_trait::async_trait;
use bus::{BoxError, HandleError, Handler, Message};
use kernel::Classify;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{
    Db, Error, Tx,
    sql::{self, Sized, statement},
};

/// What the messages to a consumer do to its database.
#[async_trait]
pub trait Apply: Send + Sync + 'static {
    /// How it fails. Its kind decides whether the message is tried again.
    type Error: Classify + From<Error>;

    /// The full protobuf names of the events that it wants.
    fn kinds(&self) -> Vec<String>;

    /// Makes the effect of `message`, within the transaction that remembers it.
    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Self::Error>;
}

/// A consumer with a database: a [`Handler`] for the bus.
pub struct Inbox<A> {
    db: Db,
    consumer: &'static str,
    apply: Arc<A>,
}

impl<A> fmt::Debug for Inbox<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("db", &self.db).field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

impl<A: Apply> Inbox<A> {
    /// The inbox of `consumer` in `db`.
    #[must_use]
    pub fn new(db: Db, consumer: &'static str, apply: Arc<A>) -> Self {
        Self { db, consumer, apply }
    }

    /// The subscription for it.
    #[must_use]
    pub fn subscription(self) -> bus::Subscription {
        bus::Subscription { consumer: self.consumer, kinds: self.apply.kinds(), handler: Arc::new(self) }
    }

    async fn take(&self, tx: &Tx, messages: &[Message]) -> Result<(), A::Error> {
        let mut new = remember(tx, self.consumer, messages).await?;
        for message in messages {
            if new.remove(&message.id) {
                bus::trace::scope(bus::trace::of(message), self.apply.apply(tx, message)).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<A: Apply> Handler for Inbox<A> {
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        self.db.write(|tx| Box::pin(self.take(tx, messages))).await.map_err(HandleError::of)
    }

    async fn park(&self, message: &Message, error: &HandleError) -> Result<(), HandleError> {
        let reason = error.chain();
        let park = self.db.write(|tx| Box::pin(park(tx, self.consumer, message, &reason)));
        park.await.map_err(|error: Error| HandleError::of(error))
    }
}

static REMEMBER: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, 3);
    format!(
        "INSERT INTO inbox (consumer, message_id, received_at) VALUES {values} ON CONFLICT DO NOTHING \
         RETURNING message_id"
    )
});

/// Remembers the ids of `messages` and returns the new ones among them.
async fn remember(tx: &Tx, consumer: &str, messages: &[Message]) -> Result<HashSet<Uuid>, Error> {
    let ids: Vec<String> = messages.iter().map(|message| message.id.to_string()).collect();
    let mut new = HashSet::with_capacity(ids.len());
    for ids in sql::padded(&ids) {
        let text = REMEMBER.text(ids.len());
        let values = ids.into_iter().flat_map(|id| [consumer.into(), id.into(), tx.now().micros().into()]);
        let values = values.collect();
        for row in tx.query_all_raw(sql::statement_of(tx, text, values)).await? {
            let id: String = row.try_get_by_index(0)?;
            new.insert(id.parse().map_err(|error: uuid::Error| corrupt("an id in the inbox", error))?);
        }
    }
    Ok(new)
}

async fn park(tx: &Tx, consumer: &str, message: &Message, error: &str) -> Result<(), Error> {
    let sql = "INSERT INTO parked_messages (consumer, message_id, kind, aggregate, payload, headers, created_at, \
               first_parked_at, parked_at, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) \
               ON CONFLICT (consumer, message_id) DO UPDATE SET parked_at = excluded.parked_at, error = excluded.error";
    let headers =
        serde_json::to_string(&message.headers).map_err(|error| corrupt("the headers of a message", error))?;
    let values = [
        consumer.into(),
        message.id.to_string().into(),
        message.kind.as_str().into(),
        message.aggregate.as_str().into(),
        message.payload.to_vec().into(),
        headers.into(),
        message.created_at.micros().into(),
        tx.now().micros().into(),
        error.into(),
    ];
    tx.execute_raw(statement(tx, sql, values)).await?;
    Ok(())
}

pub(crate) fn corrupt(what: &'static str, source: impl Into<BoxError>) -> Error {
    Error::Corrupt { what, source: source.into() }
}
