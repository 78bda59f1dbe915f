//! The tables of this service and what is done with them.

pub(crate) mod contact;
pub(crate) mod delivery;
pub(crate) mod outgoing;
pub(crate) mod preferences;
