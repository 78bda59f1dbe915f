//! The schema, step by step. A released step never changes.

use db::{Migration, migrations_of_messaging};

mod m20260901_000101_create_notifications;

/// All steps, in order.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    let mut all = migrations_of_messaging();
    all.push(Box::new(m20260901_000101_create_notifications::CreateNotifications));
    all
}
