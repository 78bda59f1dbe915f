//! `ultramarket up`: the whole marketplace in one process.

mod banner;
mod data_dir;
mod first_start;
mod process;
mod stores;

use std::io::{self, Write};

use tokio::signal::unix::{SignalKind, signal};

pub use self::process::{Running, start};
pub(crate) use self::{
    data_dir::DataDir,
    stores::{SCHEMAS, Schema, Stores},
};
use crate::{
    args::Up,
    config::{Settings, Sources},
    environment::Environment,
    exit::{Exit, Failure},
};

/// Runs until SIGTERM or SIGINT, and a second one ends it at once.
///
/// # Errors
/// It does not start, or does not stop in time.
pub(crate) async fn run(arguments: &Up, environment: &Environment) -> Result<(), Failure> {
    let mut sources = Sources::read(&arguments.settings, environment)?;
    if let Some(address) = arguments.http {
        sources = sources.set("--http", "gateway.address", address.to_string());
    }
    if let Some(address) = arguments.admin {
        sources = sources.set("--admin", "admin.address", address.to_string());
    }
    if arguments.no_sample {
        sources = sources.set("--no-sample", "sample", "false");
    }
    let settings = Settings::load(&sources)?;
    service_kit::telemetry::init(&settings.log.filter, settings.log.format)
        .map_err(|error| Failure::new(Exit::Config, format!("log.filter: {error}")))?;

    let mut signals = Signals::new()?;
    let running = tokio::select! {
        running = start(&settings) => running?,
        () = signals.next() => return Ok(()),
    };
    let text = banner::text(&running, &settings);
    // The banner is for people; that nobody reads it is no reason to stop.
    drop(io::stdout().write_all(text.as_bytes()));

    signals.next().await;
    tracing::info!("stopping");
    tokio::select! {
        in_time = running.shutdown() => if in_time { Ok(()) } else { Err(late("not everything ended in time")) },
        () = signals.next() => Err(late("stopped at once, as told by a second signal")),
    }
}

fn late(why: &str) -> Failure {
    Failure::new(Exit::Failure, why)
}

/// The signals that ask a process to stop.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let on =
            |kind| signal(kind).map_err(|error| Failure::new(Exit::Failure, format!("cannot watch signals: {error}")));
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
