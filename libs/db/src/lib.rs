//! One service's database: connections by URL, transactions that are retried, migrations, and the messaging that
//! must commit with the data: outbox, inbox and idempotency keys.
//!
//! [`Db::write`] is the only way to change data. Its transactions take the write lock when they begin, so what they
//! read is what they change; they are retried when another one was in the way, and rolled back when their future is
//! dropped. [`Db::reader`] is for everything else and cannot change data.
//! What a transaction emits ([`Tx::emit`]) is stored with its changes and published by the [`Relay`] after it committed.
//! When the database is away or stays busy, all of this fails with an [`Error`] of kind `Unavailable`.

mod connect;
mod error;
pub mod idempotency;
mod inbox;
pub mod metrics;
mod migrate;
#[expect(elided_lifetimes_in_paths, reason = "the signature of MigrationTrait")]
mod migrations;
mod options;
mod outbox;
mod reader;
pub mod sql;
mod sqlite;
mod sweep;
mod tx;

pub use connect::{Db, SCHEMES};
pub use error::{BoxError, Error, OnUnique, Unique};
pub use inbox::{Apply, Inbox};
pub use migrate::{Migration, Migrator, SchemaError, Step};
pub use migrations::migrations_of_messaging;
pub use options::{Durability, Options};
pub use outbox::{MAX_EVENT_BYTES, Relay};
pub use reader::Reader;
pub use sweep::{Retention, Sweeper};
pub use tx::{Scope, Tx};
