//! The `ultramarket` binary.
fn main() {}
