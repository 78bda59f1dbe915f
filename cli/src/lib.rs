//! The `ultramarket` binary: the one crate that sees every service.

mod args;
mod config;
mod environment;
mod exit;
mod import;

pub use environment::Environment;
pub use exit::{Exit, Failure};

use args::{Arguments, Command, ConfigCommand};
use clap::Parser;
use std::io::Write;

/// Runs what the command line says.
pub async fn run(environment: &Environment) -> Result<(), Failure> {
    match Arguments::parse().command {
        Some(Command::Import(arguments)) => import::run(&arguments, environment).await,
        Some(Command::Config(ConfigCommand::Dump { settings })) => {
            let sources = config::Sources::read(&settings, environment)?;
            let (_, merged) = config::Settings::load_merged(&sources)?;
            write!(std::io::stdout(), "{}", config::dump(&merged))
                .map_err(|error| Failure::new(Exit::Failure, error.to_string()))
        }
        _ => Ok(()),
    }
}
