//! What a process uses that nobody calls.

use std::time::Duration;

use anyhow::Result;
use tokio::time;

use crate::bench::{
    Effort,
    budget::{Budget, thousands},
    machine::mebibytes,
    process::Memory,
    report::Report,
    server::Server,
};

const MOST: u64 = 150 << 20;
const WINDOW: Duration = Duration::from_secs(5);

/// Some time after an import, when the allocator has given back what nobody needs any more.
///
/// # Errors
/// It has ended.
pub(super) async fn after_import(server: &Server, effort: Effort, report: &mut Report) -> Result<()> {
    time::sleep(effort.rest).await;
    let memory = server.memory()?;
    let what = format!("resident memory, {} s after the import", effort.rest.as_secs());
    report.figure(&what, told(memory), Some(budget(memory)));
    Ok(())
}

/// After a start on existing data.
///
/// # Errors
/// It has ended.
pub(super) async fn idle(server: &Server, products: u64, report: &mut Report) -> Result<()> {
    let before = server.cpu_time()?;
    time::sleep(WINDOW).await;
    let busy = (server.cpu_time()? - before).div_duration_f64(WINDOW);
    let memory = server.memory()?;
    let what = format!("resident memory, idle, {} products indexed", thousands(products.into()));
    report.figure(&what, told(memory), Some(budget(memory)));
    report.figure("processor, idle", format!("{:.1} % of one core", busy * 100.0), None);
    Ok(())
}

/// After all load.
///
/// # Errors
/// It has ended.
pub(super) fn after_load(server: &Server, report: &mut Report) -> Result<()> {
    report.figure("resident memory, after all of this", told(server.memory()?), None);
    Ok(())
}

fn budget(memory: Memory) -> Budget {
    Budget { text: format!("< {}", mebibytes(MOST)), met: memory.resident < MOST }
}

fn told(memory: Memory) -> String {
    let Memory { resident, anonymous, proportional } = memory;
    format!("{} (PSS {}, anonymous {})", mebibytes(resident), mebibytes(proportional), mebibytes(anonymous))
}
