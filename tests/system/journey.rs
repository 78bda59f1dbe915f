//! What people do with the shop, from end to end.

mod guest;
mod purchase;
mod roles;
mod trouble;
