//! What a contributor runs. `cargo xtask` without more lists it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod check;
mod run;
mod test;

/// What a contributor runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all tests; what follows goes to `cargo test`, for example `-p order` or `-- watch`
    Test {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Measure the release build: start, memory, import, reads, search, carts, orders; prints a table
    Bench(bench::Options),
    /// Format, lints and documentation: what is wrong before anything runs
    Check,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { flags } => test::run(&flags),
        Command::Bench(options) => bench::run(&options),
        Command::Check => check::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
