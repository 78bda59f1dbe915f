//! Payments, attempts and the provider ledger.
