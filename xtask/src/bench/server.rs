//! The product as a process of its own, which ends with its value.

use std::{
    env,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use http::Uri;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time,
};

use super::{
    client::{self, Ask, Connection, Reply},
    process::{self, Memory},
};

/// How long it may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// A process that uses no more than this in [`QUIET_FOR`] has nothing to do: what there is are its clocks.
const QUIET: Duration = Duration::from_millis(10);
const QUIET_FOR: Duration = Duration::from_millis(250);

/// Whether the first start loads the sample catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// As for everybody.
    With,
    /// Nothing is in it.
    Without,
}

/// A running marketplace.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pid: u32,
    log: PathBuf,
    data_dir: PathBuf,
    address: SocketAddr,
}

impl Server {
    /// Starts it and waits until `/health` of the public port is 200. Tells how long that took.
    ///
    /// # Errors
    /// It ends, or is not healthy in a minute.
    pub(crate) async fn start(binary: &Path, data_dir: &Path, sample: Sample) -> Result<(Self, Duration)> {
        let [address, admin] = free_addresses()?;
        let log = data_dir.with_extension("log");
        let mut command = Command::new(binary);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("ULTRAMARKET") {
                command.env_remove(name);
            }
        }
        command
            .env("ULTRAMARKET__GATEWAY__RATE_LIMITS__ENABLED", "false")
            .arg("up")
            .args(["--http", &address.to_string(), "--admin", &admin.to_string()])
            .arg("--data-dir")
            .arg(data_dir)
            .args((sample == Sample::Without).then_some("--no-sample"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true);
        let begun = Instant::now();
        let child = command.spawn().with_context(|| format!("start {}", binary.display()))?;
        let pid = child.id().context("it ended at once")?;
        let mut server = Self { child, pid, log, data_dir: data_dir.to_owned(), address };
        time::timeout(PATIENCE, server.healthy()).await.context("wait until it is healthy")??;
        Ok((server, begun.elapsed()))
    }

    async fn healthy(&mut self) -> Result<()> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {}", self.last_words());
            }
            if self.ask(client::get(Uri::from_static("/health"))).await.is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Where it serves.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it keeps everything.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// A connection of its own for one request.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Reply> {
        Connection::open(self.address).await?.send(ask).await
    }

    /// The processor time that it has used so far.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        process::cpu_time(self.pid)
    }

    /// The memory that it uses now.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn memory(&self) -> Result<Memory> {
        process::memory(self.pid)
    }

    /// Waits until it has nothing to do any more.
    ///
    /// # Errors
    /// It has ended, or is still busy after a minute.
    pub(crate) async fn settle(&self) -> Result<()> {
        let begun = Instant::now();
        let mut before = self.cpu_time()?;
        loop {
            time::sleep(QUIET_FOR).await;
            let now = self.cpu_time()?;
            if now - before <= QUIET {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                bail!("it is still busy a minute after the last request");
            }
            before = now;
        }
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// It does not, or not as it should.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).context("a process has a number")?;
        kill_process(pid, Signal::TERM).context("ask it to stop")?;
        let status: ExitStatus = time::timeout(PATIENCE, self.child.wait()).await.context("wait until it stops")??;
        if !status.success() {
            bail!("it stopped with {status}: {}", self.last_words());
        }
        Ok(())
    }

    /// The end of what it logged.
    fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<_> = text.lines().rev().take(5).collect();
        lines.reverse();
        lines.join("\n")
    }
}

/// Addresses that are free now.
fn free_addresses() -> Result<[SocketAddr; 2]> {
    let (first, second) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok([first.local_addr()?, second.local_addr()?])
}
