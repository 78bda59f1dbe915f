//! `cargo xtask check`: what is wrong before anything runs, the cheapest first.

use anyhow::Result;

use crate::run::{cargo, execute};

/// Checks format, lints and documentation.
///
/// # Errors
/// One of them finds something.
pub(crate) fn run() -> Result<()> {
    execute(cargo(&["fmt", "--all", "--check"]))?;
    execute(cargo(&["fetch", "--locked", "--quiet"]))?;
    execute(cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut document = cargo(&["doc", "--workspace", "--no-deps"]);
    document.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links");
    execute(document)
}
