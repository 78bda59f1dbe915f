//! The schema of this service, in the order of its history.

mod m20260901_000101_create_orders;

use db::Migration;

/// All migrations of the order database.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    let mut migrations = db::migrations_of_messaging();
    migrations.push(Box::new(m20260901_000101_create_orders::CreateOrders));
    migrations
}
