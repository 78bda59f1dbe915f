//! Loads products into a running marketplace.
//!
//! A reader thread turns the file into entries ([`ndjson`], [`shopify`]), [`pipeline`] sends them in batches,
//! [`checkpoint`] keeps how far it has come. Memory does not grow with the file. A line that is not fit costs its
//! product and no other; whatever is imported twice is the same as imported once. Fails when the server cannot be
//! reached for half a minute or refuses the credentials; the next run goes on from there.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    sync::atomic::Ordering,
};

use self::{
    checkpoint::{Checkpoint, Progress},
    credentials::Credentials,
    report::Report,
};
use crate::{
    args::Import,
    environment::Environment,
    exit::{Exit, Failure},
};

#[cfg(test)]
pub(crate) use self::entry::{Content, Item};
pub(crate) use self::{
    credentials::Authority,
    target::{Services, Target},
};

mod checkpoint;
pub(crate) mod credentials;
mod entry;
mod html;
mod ndjson;
pub(crate) mod pipeline;
mod price;
mod report;
mod send;
mod shopify;
pub(crate) mod source;
mod tally;
mod target;

/// What to do with the products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The initial stock of every SKU, in place of what the source says.
    pub(crate) stock: Option<i64>,
    /// Check only.
    pub(crate) dry_run: bool,
}

/// `ultramarket import`.
///
/// # Errors
/// The file cannot be read, the server cannot be reached, or some products were not taken.
pub(crate) async fn run(arguments: &Import, environment: &Environment) -> Result<(), Failure> {
    let plan = Plan { stock: arguments.stock, dry_run: arguments.dry_run };
    let bytes = size(arguments)?;
    let source = source::open(&arguments.file, arguments.format, arguments.currency)?;
    let target = Target::connect(&arguments.url, authority(arguments)?).await?;
    let checkpoint = if plan.dry_run { None } else { Some(find_checkpoint(arguments, environment, &target)?) };

    let mut progress = begin(checkpoint.as_ref(), arguments.restart);
    let before = progress.tally.products();
    let mut report = Report::new(arguments.file.display().to_string(), bytes);
    if progress.line > 0 {
        report.say(&format!("going on after line {}, where the last import was broken off", progress.line));
    }
    let mut keeping = checkpoint.as_ref();
    let mut broken = false;
    let result = pipeline::run(source.entries, progress.line, &target, plan, |outcome| {
        progress.line = outcome.last_line;
        progress.tally += outcome.tally;
        broken |= outcome.broken;
        report.findings(outcome.findings);
        report.advance(source.position.load(Ordering::Relaxed), progress.tally.products() - before);
        if let Some(Err(error)) = keeping.map(|checkpoint| checkpoint.save(&progress)) {
            report.say(&format!("cannot keep how far the import has come: {error}; it goes on without"));
            keeping = None;
        }
    })
    .await;
    report.finish();
    result?;
    if let Some(checkpoint) = checkpoint {
        checkpoint.clear();
    }
    let sentence = progress.tally.sentence(progress.tally.products() - before, report.elapsed(), plan.dry_run);
    writeln!(io::stdout(), "{sentence}").map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    conclude(&progress, broken)
}

fn conclude(progress: &Progress, broken: bool) -> Result<(), Failure> {
    let failed = tally::thousands(progress.tally.failed);
    match progress.tally.failed {
        _ if broken => Err(Failure::new(Exit::Data, "the file could not be read to its end")),
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Data, "1 product was not taken")),
        _ => Err(Failure::new(Exit::Data, format!("{failed} products were not taken"))),
    }
}

/// The size of the file, which must be one: what is read but once cannot be gone on with.
fn size(arguments: &Import) -> Result<u64, Failure> {
    let name = arguments.file.display();
    let unreadable = |why: &dyn std::fmt::Display| Failure::new(Exit::NoInput, format!("cannot read {name}: {why}"));
    let metadata = fs::metadata(&arguments.file).map_err(|error| unreadable(&error))?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(unreadable(&"it is no regular file")) }
}

fn authority(arguments: &Import) -> Result<Authority, Failure> {
    match &arguments.token {
        Some(token) => Ok(Authority::Token(token.clone())),
        None => Credentials::read(&arguments.data_dir).map(Authority::Credentials),
    }
}

fn find_checkpoint(arguments: &Import, environment: &Environment, target: &Target) -> Result<Checkpoint, Failure> {
    let fingerprint = checkpoint::fingerprint(&arguments.file)
        .map_err(|error| Failure::new(Exit::NoInput, format!("cannot read {}: {error}", arguments.file.display())))?;
    let directory =
        if arguments.token.is_none() { arguments.data_dir.join("imports") } else { state_directory(environment) };
    let reading = format!("{:?} {} {:?}", arguments.format, arguments.currency, arguments.stock);
    Ok(Checkpoint::new(&directory, &[&fingerprint, &arguments.url, &target.account(), &reading]))
}

/// Where the XDG base directory specification wants what a program remembers.
fn state_directory(environment: &Environment) -> PathBuf {
    let of = |name| environment.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = of("XDG_STATE_HOME").or_else(|| Some(of("HOME")?.join(".local/state")));
    base.unwrap_or_else(std::env::temp_dir).join("ultramarket")
}

fn begin(checkpoint: Option<&Checkpoint>, restart: bool) -> Progress {
    match checkpoint {
        Some(checkpoint) if restart => {
            checkpoint.clear();
            Progress::default()
        }
        Some(checkpoint) => checkpoint.load(),
        None => Progress::default(),
    }
}

#[cfg(test)]
mod tests;
