//! The tables of stock and what is done with them.

pub(crate) mod movement;
pub(crate) mod reservation;
pub(crate) mod stock;
