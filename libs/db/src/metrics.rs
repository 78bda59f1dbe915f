//! Every metric of the database.

use metrics::{Unit, describe_counter, describe_gauge};

/// The age of the oldest event that waits for the bus, per service.
pub const OUTBOX_LAG_SECONDS: &str = "outbox_lag_seconds";
/// Events that were parked in the outbox because the bus refuses them, per service and kind.
pub const OUTBOX_PARKED_TOTAL: &str = "outbox_parked_total";
/// Open connections, per service, `pool` (`reader`, `writer`) and `state` (`idle`, `used`).
pub const DB_POOL_CONNECTIONS: &str = "db_pool_connections";

/// The names of all metrics here.
pub const ALL: &[&str] = &[OUTBOX_LAG_SECONDS, OUTBOX_PARKED_TOTAL, DB_POOL_CONNECTIONS];

/// Registers the help texts with the recorder.
pub fn describe() {
    describe_gauge!(OUTBOX_LAG_SECONDS, Unit::Seconds, "Age of the oldest event that waits for the bus");
    describe_counter!(OUTBOX_PARKED_TOTAL, Unit::Count, "Events that the bus refuses and an operator must see");
    describe_gauge!(DB_POOL_CONNECTIONS, Unit::Count, "Open connections by pool and state");
}
