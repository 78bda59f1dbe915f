//! The binary as a child process, in a temporary folder of its own.
//!
//! What it prints goes into files there. Whatever a test does, the process ends with its handle.

use std::{
    ffi::OsStr,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, AtomicUsize, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::shop::Shop;

/// How long a command may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);

/// A folder to run the binary in.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    runs: AtomicUsize,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("there is room for a temporary folder"), runs: AtomicUsize::new(0) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data directory of [`Place::up`].
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file can be written");
        path
    }

    /// A command, with nothing of the environment that settings could come from.
    pub(crate) fn call<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Call<'_> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ultramarket"));
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).env("RUST_BACKTRACE", "1");
        command.args(arguments).stdin(Stdio::null());
        Call { place: self, command }
    }

    /// `up` on free ports and [`Place::data`], without the sample catalogue and without rate limits.
    pub(crate) fn up(&self) -> Call<'_> {
        self.up_on(0, 0)
    }

    /// As [`Place::up`], on these ports.
    pub(crate) fn up_on(&self, http: u16, admin: u16) -> Call<'_> {
        let (http, admin) = (format!("127.0.0.1:{http}"), format!("127.0.0.1:{admin}"));
        let call = self.call(["up", "--no-sample", "--http", &http, "--admin", &admin, "--data-dir", "data"]);
        call.with(["--set", "gateway.rate_limits.enabled=false"])
    }
}

impl Drop for Place {
    /// What a test that failed leaves behind tells why.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept {}", self.folder.path().display());
            self.folder.disable_cleanup(true);
        }
    }
}

/// A command that is about to be run.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    place: &'a Place,
    command: Command,
}

impl Call<'_> {
    /// More arguments.
    pub(crate) fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// One more path.
    pub(crate) fn path(self, path: &Path) -> Self {
        self.with([path])
    }

    /// One more environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Begins.
    pub(crate) fn start(mut self) -> Process {
        let run = self.place.runs.fetch_add(1, Ordering::Relaxed);
        let (out, err) = (self.place.path(&format!("{run}.out")), self.place.path(&format!("{run}.err")));
        let file = |path: &Path| File::create(path).expect("a file can be written");
        let child = self.command.stdout(file(&out)).stderr(file(&err)).spawn().expect("the binary was built");
        Process { child, out, err }
    }

    /// Runs to the end.
    pub(crate) async fn run(self) -> Ended {
        self.start().ended().await
    }

    /// Runs `up` until it serves.
    pub(crate) async fn open(self) -> Shop {
        Shop::of(self.start()).await
    }
}

/// A running command.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Process {
    /// What it has printed so far.
    pub(crate) fn out(&self) -> String {
        read(&self.out)
    }

    /// What it has logged so far.
    pub(crate) fn err(&self) -> String {
        read(&self.err)
    }

    /// How it ended, if it has.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is ours and was not waited for");
    }

    /// `kill -9`, unless it has ended.
    pub(crate) fn kill(&mut self) -> Ended {
        self.child.kill().expect("a child can be killed");
        let status = self.child.wait().expect("a child can be waited for");
        self.end(status)
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = testkit::eventually_within(PATIENCE, "the end of a command", || {
            std::future::ready(self.child.try_wait().expect("a child can be waited for"))
        })
        .await;
        self.end(status)
    }

    fn end(&self, status: ExitStatus) -> Ended {
        Ended { code: status.code(), out: self.out(), err: self.err() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended and been waited for; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// What it printed, of one that did what it was told and had nothing to complain about.
    pub(crate) fn ok(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        &self.out
    }

    /// The one sentence of a command that did nothing but say why, and ended with the code.
    pub(crate) fn refused(&self, code: i32) -> &str {
        let sentence = self.told(code);
        assert!(!sentence.contains('\n'), "more than a sentence: {}", self.err);
        sentence
    }

    /// What a command that did nothing said, and ended with the code.
    pub(crate) fn told(&self, code: i32) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{}", self.err);
        let told = self.err.strip_prefix("ultramarket: ").and_then(|told| told.strip_suffix('\n'));
        told.unwrap_or_else(|| panic!("says who it is: {}", self.err))
    }
}

fn read(path: &Path) -> String {
    let bytes = fs::read(path).expect("the output can be read");
    String::from_utf8(bytes).expect("the output is text")
}

/// A free port that no connection gets by chance: when the server behind it is gone, nobody else has it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Below the range that Linux gives to outgoing connections; apart from other test runs.
    let first = 10_000 + u16::try_from(std::process::id() % 200).expect("is small") * 100;
    (0..1000)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 1000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("there is a free port")
}
