//! What a figure depends on besides the code.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{catalogue::Catalogue, process};
use crate::run::root;

/// The build, the machine and the load, one line each.
///
/// # Errors
/// There is no such binary.
pub(crate) fn describe(binary: &Path, folder: &Path, catalogue: &Catalogue) -> Result<Vec<String>> {
    let size = fs::metadata(binary).with_context(|| format!("find {}", binary.display()))?.len();
    let version = output(Command::new(binary).arg("--version")).unwrap_or_else(|| "ultramarket".into());
    let commit = output(Command::new("git").current_dir(root()).args(["describe", "--always", "--dirty"]));
    let compiler = output(Command::new("rustc").current_dir(root()).arg("--version"));
    let build = [Some(version), commit.map(|commit| format!("commit {commit}")), compiler, Some(mebibytes(size))];
    let machine = [
        Some(format!("{} × {}", cores(), field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()))),
        field("/proc/meminfo", "MemTotal").and_then(|text| memory(&text)),
        Some("Linux".into()),
        file_system(folder).map(|kind| format!("data on {kind}")),
    ];
    let line = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    Ok(vec![
        format!("build: {}", line(&build)),
        format!("machine: {}, shared by server and load generator (one thread)", line(&machine)),
        format!("data: {}; SQLite and search index in one directory; rate limits off", catalogue.kind),
    ])
}

/// How much of the machine others use, who make every figure worse.
#[derive(Debug)]
pub(crate) struct Others {
    since: Instant,
    machine: Duration,
    family: Duration,
}

impl Others {
    /// From now on.
    ///
    /// # Errors
    /// There is no `/proc`.
    pub(crate) fn watch() -> Result<Self> {
        let (machine, family) = (process::cpu_time_of_machine()?, process::cpu_time_of_family()?);
        Ok(Self { since: Instant::now(), machine, family })
    }

    /// What they used, when all processes have ended that this one started.
    ///
    /// # Errors
    /// There is no `/proc`.
    pub(crate) fn tell(&self) -> Result<String> {
        let family = process::cpu_time_of_family()?.saturating_sub(self.family);
        let others = process::cpu_time_of_machine()?.saturating_sub(self.machine).saturating_sub(family);
        let share = others.as_secs_f64() / (self.since.elapsed().as_secs_f64() * cores() as f64);
        Ok(format!("disturbance: other processes used {:.1} % of the processors meanwhile", share * 100.0))
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `41.2 MiB`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first line `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn memory(text: &str) -> Option<String> {
    let kibibytes: f64 = text.strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.1} GiB", kibibytes / f64::from(1 << 20)))
}

/// What kind of file system a folder is on: that of the longest mount point above it.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = mounts.filter(|(point, _)| folder.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_gibibytes() {
        assert_eq!(memory("25165824 kB").as_deref(), Some("24.0 GiB"));
        assert_eq!(mebibytes(3 << 19), "1.5 MiB");
    }

    #[test]
    fn the_process_file_system_is_found() {
        assert_eq!(file_system(Path::new("/proc/self")).as_deref(), Some("proc"));
    }
}
