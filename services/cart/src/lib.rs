//! Carts of accounts and guests.
