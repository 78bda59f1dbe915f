//! `cargo xtask bench`: what the product costs, as a table.
//!
//! Builds the release binary, runs it as a process of its own on free ports in a directory that is removed, drives it
//! over HTTP from one thread of this process, and puts what it finds beside the budgets. It is no test: a budget that
//! is missed changes nothing but its cell. It fails when something does not work, and an answer that is no success is
//! counted as such.

mod budget;
mod catalogue;
mod chance;
mod client;

mod latency;
mod load;
mod machine;
mod market;
mod process;
mod report;
mod scenario;
mod server;
#[cfg(test)]
mod testing;

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use self::{catalogue::Catalogue, report::Report, scenario::Scenario};
use crate::run::{cargo, execute};

/// Arguments of `bench`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Short runs: to see whether it works, not to quote
    #[arg(long)]
    quick: bool,
    /// Only this; may be repeated
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Scenario>,
    /// Measure this binary and build none
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How often something is done that is done once at a time.
    pub(crate) runs: usize,
    /// How long a load runs before it is measured.
    pub(crate) warm_up: Duration,
    /// How long it is measured.
    pub(crate) window: Duration,
    /// How many orders are placed as fast as possible.
    pub(crate) orders: usize,
    /// How long the server rests after the import.
    pub(crate) rest: Duration,
}

impl Effort {
    fn of(options: &Options) -> Self {
        let seconds = Duration::from_secs;
        if options.quick {
            Self { runs: 3, warm_up: Duration::from_millis(500), window: seconds(2), orders: 300, rest: seconds(3) }
        } else {
            Self { runs: 9, warm_up: seconds(2), window: seconds(8), orders: 3000, rest: seconds(30) }
        }
    }
}

/// Measures and prints.
///
/// # Errors
/// The product does not build, does not start, or answers with errors.
pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = match &options.binary {
        Some(path) => path.canonicalize().with_context(|| format!("find {}", path.display()))?,
        None => build()?,
    };
    // A load generator without optimisation would take the processor from what it measures.
    if cfg!(debug_assertions) {
        return run_optimised(options, &binary);
    }
    // One thread, so that it takes one core at most.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = measure(options, &binary) => report,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    })?;
    let text = if options.markdown { report.markdown() } else { report.text() };
    io::stdout().write_all(text.as_bytes())?;
    match report.problems() {
        0 => Ok(()),
        1 => bail!("one thing did not work"),
        many => bail!("{many} things did not work"),
    }
}

async fn measure(options: &Options, binary: &Path) -> Result<Report> {
    // Beside what cargo builds: the directory for temporary files is in memory on many machines, and writes to it cost
    // nothing there.
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(target_directory()?)?;
    let catalogue = Catalogue::find(folder.path())?;
    let mut report = Report::new(machine::describe(binary, folder.path(), &catalogue)?);
    let others = machine::Others::watch()?;
    let wanted = |scenario| options.only.is_empty() || options.only.contains(&scenario);
    scenario::run(binary, folder.path(), &catalogue, Effort::of(options), wanted, &mut report).await?;
    report.circumstance(others.tell()?);
    Ok(report)
}

fn build() -> Result<PathBuf> {
    execute(cargo(&["build", "--release", "--package", "ultramarket"]))?;
    Ok(target_directory()?.join("release").join(format!("ultramarket{}", env::consts::EXE_SUFFIX)))
}

/// Runs the release build of this program with the same arguments.
fn run_optimised(options: &Options, binary: &Path) -> Result<()> {
    let mut command = cargo(&["run", "--quiet", "--release", "--package", "xtask", "--"]);
    command.args(options.arguments(binary));
    execute(command)
}

impl Options {
    fn arguments(&self, binary: &Path) -> Vec<OsString> {
        let mut arguments = vec!["bench".into(), "--binary".into(), binary.into()];
        for scenario in &self.only {
            let name = scenario.to_possible_value().expect("every scenario has a name");
            arguments.extend(["--only".into(), name.get_name().into()]);
        }
        arguments.extend(self.quick.then(|| "--quick".into()));
        arguments.extend(self.markdown.then(|| "--markdown".into()));
        arguments
    }
}

/// Where cargo puts what it builds: this program is in `debug` or `release` there.
fn target_directory() -> Result<PathBuf> {
    let program = env::current_exe().context("find this program")?;
    let target = program.ancestors().nth(2).with_context(|| format!("no directory above {}", program.display()))?;
    Ok(target.to_owned())
}

/// Says on standard error what is going on.
pub(crate) fn say(what: &str) {
    eprintln!("xtask: {what}");
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_optimised_build_gets_the_same_arguments() {
        let given = ["bench", "--quick", "--only", "search,order", "--markdown"];
        let options = Line::try_parse_from(given).expect("parses").options;
        let arguments = options.arguments(Path::new("/built/ultramarket"));
        let again = Line::try_parse_from(&arguments).expect("parses").options;
        assert_eq!(again.only, options.only);
        assert_eq!((again.quick, again.markdown), (true, true));
        assert_eq!(again.binary.as_deref(), Some(Path::new("/built/ultramarket")));
    }
}
