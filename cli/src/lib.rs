//! The `ultramarket` binary as a library, so that tests run the whole product in their own process.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use self::args::{Arguments, Command, ConfigCommand};
pub use self::{
    environment::Environment,
    exit::{Exit, Failure},
};

mod args;
pub mod config;
mod environment;
mod exit;
mod import;
mod migrate;
mod openapi;
mod sample;
pub mod up;

/// Does what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::new(Exit::Failure, format!("cannot start threads: {error}"))),
    };
    match runtime.block_on(run(arguments, &Environment::of_process())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    // Without anybody to tell, the code still says it.
    drop(writeln!(io::stderr(), "ultramarket: {failure}"));
    failure.exit().into()
}

async fn run(arguments: Arguments, environment: &Environment) -> Result<(), Failure> {
    match arguments.command.unwrap_or(Command::Up(arguments.up)) {
        Command::Import(arguments) => import::run(&arguments, environment).await,
        Command::Config(ConfigCommand::Dump { settings }) => {
            let sources = config::Sources::read(&settings, environment)?;
            let (settings, merged) = config::Settings::load_merged(&sources)?;
            print(&config::dump(&settings, &merged))
        }
        Command::Up(arguments) => up::run(&arguments, environment).await,
        Command::Migrate(arguments) => print(&migrate::run(&arguments.direction, environment).await?),
        Command::Openapi => print(&openapi::document().await?),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(Exit::Failure, format!("cannot print: {error}")))
}
