//! The rules, without I/O.

pub(crate) mod address;
pub(crate) mod profile;
pub(crate) mod seller;

kernel::id!(pub(crate) UserId, "a person, which is that of the account");
