//! Fixed clock, service harness and token mint for tests.
