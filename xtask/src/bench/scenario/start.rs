//! Cold start: from the start of the process until `/health` of the public port is 200.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};

use crate::bench::{
    Effort,
    budget::Budget,
    latency::Latencies,
    market::searchable,
    report::{Report, millis},
    server::{Sample, Server},
};

/// The first start, as anybody does it: databases, keys, an administrator and the sample catalogue are made.
///
/// # Errors
/// It does not start or stop.
pub(super) async fn empty(binary: &Path, folder: &Path, effort: Effort, report: &mut Report) -> Result<()> {
    let mut times = Latencies::default();
    for run in 0..effort.runs {
        let data_dir = folder.join(format!("empty-{run}"));
        let (server, took) = Server::start(binary, &data_dir, Sample::With).await?;
        times.push(took);
        server.stop().await?;
    }
    report.figure("cold start, first, with the sample catalogue", spread(&times)?, None);
    Ok(())
}

/// Every other start, with a whole catalogue.
///
/// # Errors
/// It does not start or stop.
pub(super) async fn existing(
    binary: &Path,
    data_dir: &Path,
    products: u64,
    effort: Effort,
    report: &mut Report,
) -> Result<()> {
    let (mut healthy, mut complete) = (Latencies::default(), Latencies::default());
    for _ in 0..effort.runs {
        let (server, took) = Server::start(binary, data_dir, Sample::Without).await?;
        healthy.push(took);
        let begun = std::time::Instant::now();
        searchable(&server, products).await?;
        complete.push(took + begun.elapsed());
        server.stop().await?;
    }
    let median = healthy.percentile(50).context("it started")?;
    let budget = Budget::below(Duration::from_millis(500), median);
    report.figure("cold start, existing data", spread(&healthy)?, Some(budget));
    report.figure("… until a search finds all products", spread(&complete)?, None);
    Ok(())
}

/// The median, and between what.
pub(super) fn spread(times: &Latencies) -> Result<String> {
    let of = |percent| times.percentile(percent).map(millis).context("nothing was measured");
    Ok(format!("{} ms ({} to {}, {} runs)", of(50)?, of(0)?, of(100)?, times.len()))
}
