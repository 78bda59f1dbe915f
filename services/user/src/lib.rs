//! Profiles, addresses, sellers.
