//! The outbox: events stored with the changes they tell of, until the bus has them.

mod relay;
mod rows;

use std::collections::BTreeMap;

use kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

pub use relay::Relay;

use crate::{
    Error, Tx,
    sql::{self, Sized},
};

/// The largest event that can be emitted, encoded.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// An event of a transaction that has not committed yet.
pub(crate) struct Emitted {
    id: String,
    aggregate: String,
    kind: String,
    payload: Vec<u8>,
    headers: Option<String>,
    created_at: Timestamp,
}

impl Emitted {
    pub(crate) fn new<M: prost::Message + prost::Name>(tx: &Tx, aggregate: &str, event: &M) -> Result<Self, Error> {
        let (kind, bytes) = (M::full_name(), event.encoded_len());
        if bytes > MAX_EVENT_BYTES {
            return Err(Error::TooLarge { kind, bytes });
        }
        let headers = bus::trace::current().map(|traceparent| {
            let headers = BTreeMap::from([(bus::trace::HEADER, &*traceparent)]);
            serde_json::to_string(&headers).expect("a map of texts is JSON")
        });
        let id = tx.ids().uuid().to_string();
        let aggregate = aggregate.to_owned();
        Ok(Self { id, aggregate, kind, payload: event.encode_to_vec(), headers, created_at: tx.now() })
    }
}

static INSERT: Sized = Sized::new(|rows| {
    let values = sql::rows(rows, 6);
    format!("INSERT INTO outbox (id, aggregate, kind, payload, headers, created_at) VALUES {values}")
});

/// The statements that store what a transaction emitted, in its order.
pub(crate) fn statements(db: &impl ConnectionTrait, mut emitted: Vec<Emitted>) -> Vec<Statement> {
    let mut statements = Vec::new();
    while !emitted.is_empty() {
        let rows = sql::step(emitted.len());
        let values = emitted.drain(..rows).flat_map(|event| {
            [
                event.id.into(),
                event.aggregate.into(),
                event.kind.into(),
                event.payload.into(),
                event.headers.into(),
                event.created_at.micros().into(),
            ]
        });
        statements.push(sql::statement_of(db, INSERT.text(rows), values.collect()));
    }
    statements
}
