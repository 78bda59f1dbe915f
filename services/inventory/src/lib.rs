//! Stock, reservations and the movement ledger.
