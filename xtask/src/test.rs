//! `cargo xtask test`: all tests, with what they need.

use anyhow::Result;

use crate::run::{cargo, execute, root};

/// Runs all tests. The last lines are those of cargo's own runner.
///
/// # Errors
/// A test fails, or does not compile.
pub(crate) fn run(flags: &[String]) -> Result<()> {
    eprintln!("xtask: databases, bus and cache are embedded: no server is needed or started");
    if !root().join("../shared/data/products.ndjson.gz").exists() {
        eprintln!("xtask: tests of the real catalogue are skipped, it is not in ../shared/data");
    }
    let everywhere = !flags.iter().any(|flag| selects_packages(flag));
    let mut command = cargo(&["test", "--no-fail-fast"]);
    if everywhere {
        command.arg("--workspace");
    }
    command.args(flags);
    execute(command)
}

/// Whether a flag of `cargo test` says which packages are meant.
fn selects_packages(flag: &str) -> bool {
    flag.starts_with("-p") || flag.starts_with("--package") || flag == "--workspace" || flag == "--all"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_name_packages_are_recognised() {
        for flag in ["-p", "-porder", "--package", "--package=order", "--workspace"] {
            assert!(selects_packages(flag), "{flag}");
        }
        for flag in ["--", "watch", "--test", "--release", "--no-run"] {
            assert!(!selects_packages(flag), "{flag}");
        }
    }
}
