//! What a process has used, as `/proc` tells it.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// The processor time that a process has used so far, in user and kernel mode, by all its threads.
///
/// # Errors
/// There is no such process.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let text = read(pid, "stat")?;
    duration(ticks(&text, 2).with_context(|| format!("read the times of process {pid}"))?)
}

/// The processor time that this process has used so far, and those that it started and that have ended.
///
/// # Errors
/// There is no `/proc`.
pub(crate) fn cpu_time_of_family() -> Result<Duration> {
    let this = std::process::id();
    duration(ticks(&read(this, "stat")?, 4).context("read the times of this process")?)
}

/// The processor time that all processes together have used since the machine started.
///
/// # Errors
/// There is no `/proc`.
pub(crate) fn cpu_time_of_machine() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("read /proc/stat")?;
    duration(busy_ticks(&text).context("read the times of the machine")?)
}

fn duration(ticks: u64) -> Result<Duration> {
    Ok(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second())?)
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What is in memory of it (`VmRSS`).
    pub(crate) resident: u64,
    /// What of that is its own, and no file that the kernel may drop (`RssAnon`).
    pub(crate) anonymous: u64,
    /// What is in memory of it, pages shared with other processes by halves (`Pss`).
    pub(crate) proportional: u64,
}

/// The memory that a process uses now.
///
/// # Errors
/// There is no such process.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let (status, rollup) = (read(pid, "status")?, read(pid, "smaps_rollup")?);
    let of = |text: &str, name: &str| bytes(text, name).with_context(|| format!("read {name} of process {pid}"));
    Ok(Memory {
        resident: of(&status, "VmRSS:")?,
        anonymous: of(&status, "RssAnon:")?,
        proportional: of(&rollup, "Pss:")?,
    })
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).with_context(|| format!("read {path}"))
}

/// The sum of so many of `utime`, `stime`, `cutime` and `cstime`, the fields from the 14th on. The second field is a name
/// in brackets that may have anything in it.
fn ticks(stat: &str, fields: usize) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let times = after_name.split_ascii_whitespace().skip(11).take(fields);
    let times: Vec<u64> = times.map(|time| time.parse().ok()).collect::<Option<_>>()?;
    (times.len() == fields).then(|| times.iter().sum())
}

/// The times of `cpu` without the fourth and fifth, in which it had nothing to do, and those of guests, which the first
/// two have in them.
fn busy_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let times: Vec<u64> = line.split_ascii_whitespace().map(|time| time.parse().ok()).collect::<Option<_>>()?;
    let busy = times.iter().take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4));
    Some(busy.map(|(_, time)| time).sum())
}

/// A line `Name:   1234 kB`.
fn bytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "42 (a) R (b) S 1 2 3 4 5 6 7 8 9 10 250 31 0 0 20 0 9 0 100";
        assert_eq!(ticks(stat, 2), Some(281));
        assert_eq!(ticks("42 (a) S 1 2", 2), None);
    }

    #[test]
    fn a_machine_is_busy_when_it_is_not_idle() {
        let stat = "cpu  1 2 4 800 1600 8 16 32 64 128\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy_ticks(stat), Some(63));
        assert_eq!(busy_ticks("intr 1\n"), None);
    }

    #[test]
    fn memory_is_told_in_kibibytes() {
        let status = "Name:\tultramarket\nVmRSS:\t   2048 kB\nRssAnon:\t 1 kB\n";
        assert_eq!(bytes(status, "VmRSS:"), Some(2 * 1024 * 1024));
        assert_eq!(bytes(status, "RssAnon:"), Some(1024));
        assert_eq!(bytes(status, "Pss:"), None);
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let this = std::process::id();
        let memory = memory(this).expect("it runs");
        assert!(memory.resident >= memory.anonymous && memory.anonymous > 0, "{memory:?}");
        let before = cpu_time(this).expect("it runs");
        let mut sum = 0_u64;
        while cpu_time(this).expect("it runs") == before {
            sum = (0..100_000).fold(sum, |sum, number| sum.wrapping_mul(31).wrapping_add(number));
        }
        assert!(std::hint::black_box(sum) > 0);
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        let error = cpu_time(u32::MAX).expect_err("there is none");
        assert!(error.to_string().contains("/proc/4294967295/stat"), "{error}");
    }
}
