//! Reads of the catalogue, spread over all of it.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use http::Uri;

use crate::bench::{
    Effort,
    budget::Budget,
    chance::Chance,
    client::{Ask, get},
    load::{Actor, Load},
    market::Market,
    report::Report,
};

/// Asks for one of many paths after the other, in random order.
pub(super) struct Reader {
    paths: Arc<[Uri]>,
    chance: Chance,
}

impl Reader {
    /// So many of them.
    pub(super) fn many(count: u64, paths: &Arc<[Uri]>) -> Vec<Self> {
        (0..count).map(|seed| Self { paths: Arc::clone(paths), chance: Chance::new(seed) }).collect()
    }
}

impl Actor for Reader {
    fn next(&mut self) -> Option<Ask> {
        Some(get(self.chance.pick(&self.paths).clone()))
    }
}

/// One product.
///
/// # Errors
/// The server is gone.
pub(super) async fn product(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let health: Arc<[Uri]> = [Uri::from_static("/health")].into();
    let load = Load { per_second: None, warm_up: effort.warm_up, window: effort.window };
    let (floor, _) = market.drive(load, Reader::many(16, &health)).await?;
    report.requests("(health: the least that a request costs)", "16 connections".into(), &floor, None);

    let paths = market.offers.iter().map(|offer| Uri::try_from(format!("/api/v1/products/{}", offer.product_id)));
    let paths: Arc<[Uri]> = paths.collect::<Result<_, _>>()?;
    let (closed, _) = market.drive(load, Reader::many(16, &paths)).await?;
    let budget = Budget::cpu(Duration::from_micros(120), closed.cpu_each());
    report.requests("read one product", "16 connections".into(), &closed, Some(budget));

    let paced = Load { per_second: Some(2000), ..load };
    let (paced, _) = market.drive(paced, Reader::many(64, &paths)).await?;
    let budget = Budget::p99(Duration::from_millis(10), paced.latencies.percentile(99));
    report.requests("read one product", "2,000/s".into(), &paced, Some(budget));
    Ok(())
}

/// Fifty products.
///
/// # Errors
/// The server is gone.
pub(super) async fn list(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let load = Load { per_second: None, warm_up: effort.warm_up, window: effort.window };
    let (measured, _) = market.drive(load, Reader::many(8, &market.pages)).await?;
    let budget = Budget::cpu(Duration::from_micros(600), measured.cpu_each());
    report.requests("list of 50 products", "8 connections".into(), &measured, Some(budget));
    Ok(())
}
