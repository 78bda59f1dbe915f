//! The whole product in the process of a test, and the clients of its users.
//!
//! [`Market::open`] starts what `ultramarket up` starts, on free ports and in a temporary directory; [`Market::reopen`]
//! stops it and starts it again on the same data. [`Rest`] is a shopper's HTTP client, [`Shopper`] somebody who uses it.

mod market;
mod rest;
mod shopper;

pub use market::Market;
pub use rest::{Reply, Rest};
pub use shopper::{Shopper, address};
