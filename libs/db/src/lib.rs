//! Connections by URL, retrying transactions, migrations, outbox, inbox and idempotency keys.
