//! The `ultramarket` binary: the one crate that sees every service.
