//! The whole service through its client, with a world of cart, catalog, inventory and payment around it.

mod cancelling;
mod checkout;
mod placing;
mod reading;
mod refusing;
mod restarting;
mod schema;
mod shop;
mod timing;
mod watching;
mod world;
