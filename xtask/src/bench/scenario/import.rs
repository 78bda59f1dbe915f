//! `ultramarket import` of a whole catalogue, with stock.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::bench::{
    budget::{Budget, thousands},
    catalogue::Catalogue,
    market::searchable,
    report::{Report, millis},
    server::Server,
};

/// More of a SKU than all loads together buy.
const STOCK: &str = "1000000";

/// What an import took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Imported {
    /// How many products.
    pub(super) products: u64,
    elapsed: Duration,
    searchable: Duration,
    cpu: Duration,
}

/// Imports, and waits until all is searchable.
///
/// # Errors
/// A product is not taken, or not found.
pub(super) async fn run(binary: &Path, catalogue: &Catalogue, server: &Server) -> Result<Imported> {
    let (begun, before) = (Instant::now(), server.cpu_time()?);
    let output = Command::new(binary)
        .arg("import")
        .arg(&catalogue.path)
        .args(["--url", &format!("http://{}", server.address()), "--stock", STOCK])
        .arg("--data-dir")
        .arg(server.data_dir())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let elapsed = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("import: {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let products = count(&said).with_context(|| format!("find the number of products in {said:?}"))?;
    searchable(server, products).await?;
    let searchable = begun.elapsed();
    server.settle().await?;
    Ok(Imported { products, elapsed, searchable, cpu: server.cpu_time()? - before })
}

/// The number in `imported 19,406 products in …`.
fn count(said: &str) -> Option<u64> {
    let (_, rest) = said.split_once("imported ")?;
    let (number, _) = rest.split_once(' ')?;
    number.replace(',', "").parse().ok()
}

impl Imported {
    /// Puts it into the report.
    pub(super) fn tell(&self, report: &mut Report) {
        let rate = self.products as f64 / self.elapsed.as_secs_f64();
        let value = format!(
            "{} products/s ({} in {:.1} s)",
            thousands(rate.round() as u128),
            thousands(self.products.into()),
            self.elapsed.as_secs_f64(),
        );
        report.figure("import, with initial stock", value, Some(Budget::rate(5000, rate)));
        report.figure("… until a search finds all products", format!("{} ms", millis(self.searchable)), None);
        let each = self.cpu.as_micros() / u128::from(self.products.max(1));
        report.figure("… server CPU for each product, indexing too", format!("{} µs", thousands(each)), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_in_the_sentence() {
        let said = "imported 19,406 products in 3.1 s (6,260 products/s): 19,406 created, 0 updated\n";
        assert_eq!(count(said), Some(19_406));
        assert_eq!(count("imported nothing"), None);
    }
}
