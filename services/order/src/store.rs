//! The tables `orders`, `order_items`, `saga_log` and `secrets`.
//!
//! An order, its saga and its timer are one row, so they cannot disagree and a step is one `UPDATE`, which takes
//! effect only if the row is still as it was read.

#[expect(unreachable_pub, reason = "the derives of SeaORM need public types")]
mod entity;
pub(crate) mod log;
pub(crate) mod orders;
pub(crate) mod page;
pub(crate) mod secrets;
