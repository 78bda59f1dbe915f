//! The whole service through its client.
