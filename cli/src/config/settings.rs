//! The settings as the program uses them.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use service_kit::telemetry;

use super::{Problems, Sources, merge::Merged};

/// All settings. Each part is described in `config/default.toml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Whether the sample catalogue is loaded at the first start.
    pub sample: bool,
    /// The public port.
    pub http: Listen,
    /// The operators' port.
    pub admin: Listen,
    /// What is logged.
    pub log: Log,
    /// How the process stops.
    pub shutdown: Shutdown,
}

/// A port.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Where it listens.
    pub address: SocketAddr,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Levels, in the form of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// For people or machines.
    pub format: telemetry::Format,
}

/// How the process stops.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// How long it says that it is not ready before it stops to accept connections.
    pub announce_seconds: u64,
    /// How long calls that are under way may take to finish.
    pub drain_seconds: u64,
}

impl Settings {
    /// The settings that `sources` make of the defaults.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        Self::load_merged(sources).map(|(settings, _)| settings)
    }

    /// As [`Settings::load`], with where each value comes from.
    pub(crate) fn load_merged(sources: &Sources) -> Result<(Self, Merged), Problems> {
        let mut problems = Problems::default();
        let merged = Merged::of(sources, &mut problems);
        let mut parts = Parts { merged: &merged, problems: &mut problems };
        let settings = Some(()).and_then(|()| {
            // Each part is read before any is missed, so that all problems are found.
            let (data_dir, sample) = (parts.read("data_dir"), parts.read("sample"));
            let (http, admin) = (parts.read("http"), parts.read("admin"));
            let (log, shutdown) = (parts.read("log"), parts.read("shutdown"));
            Some(Self {
                data_dir: data_dir?,
                sample: sample?,
                http: http?,
                admin: admin?,
                log: log?,
                shutdown: shutdown?,
            })
        });
        let settings = problems.none_or(settings)?.expect("what is missing is a problem");
        Ok((settings, merged))
    }
}

/// Reads the parts of the settings, and collects what is wrong with them.
struct Parts<'a> {
    merged: &'a Merged,
    problems: &'a mut Problems,
}

impl Parts<'_> {
    fn read<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.merged.table.get(name)?.clone();
        match value.try_into() {
            Ok(part) => Some(part),
            Err(error) => {
                let from: Vec<_> = self.merged.origins_of(name).collect();
                self.problems.add(format!("{}: `{name}`: {}", from.join(", "), error.message().trim()));
                None
            }
        }
    }
}
