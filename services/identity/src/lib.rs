//! Accounts, sign-in, sessions, roles, signing keys.
