//! What an order is and how its checkout goes: pure rules, no I/O.

pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod purchase;
pub(crate) mod saga;
