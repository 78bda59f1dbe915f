//! Search as shoppers do it: words, typing errors, part of them narrowed by facets or sorted, now and then a barcode.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use http::Uri;

use super::read::Reader;
use crate::bench::{Effort, budget::Budget, chance::Chance, client::quote, load::Load, market::Market, report::Report};

const QUERIES: [&str; 40] = [
    "laptop",
    "notebook 15 inch",
    "gaming laptop",
    "usb cable",
    "usb cabel",
    "hdmi cable 2m",
    "wireless mouse",
    "wireles mouse",
    "mechanical keyboard",
    "headphones",
    "noise cancelling headphones",
    "headset with microphone",
    "laser printer",
    "ink cartridge black",
    "toner",
    "memory card",
    "micro sd 64gb",
    "ssd 1tb",
    "external hard drive",
    "docking station",
    "usb c docking station",
    "webcam",
    "projector",
    "projektor",
    "router",
    "network switch 8 port",
    "power bank",
    "fast charging power bank",
    "smartphone",
    "tablet",
    "touchscreen monitor",
    "curved monitor",
    "monitor 27",
    "silver laptop",
    "slim tablet",
    "ergonomic keyboard",
    "desktop computer",
    "black headset",
    "portable speaker",
    "hp laptop",
];

/// Paths of searches: each query plain, and some narrowed or sorted; and some barcodes.
fn paths(market: &Market) -> Result<Arc<[Uri]>> {
    let mut chance = Chance::new(40);
    let mut paths = Vec::new();
    for (at, query) in QUERIES.iter().enumerate() {
        let plain = format!("/api/v1/search?pageSize=20&query={}", quote(query));
        match at % 4 {
            0 => paths.push(format!("{plain}&filter={}", quote("price >= 1000 AND price < 100000"))),
            2 => paths.push(format!("{plain}&orderBy=price")),
            _ => {}
        }
        paths.push(plain);
    }
    let barcodes = (0..200).filter_map(|_| chance.pick(&market.offers).gtin.as_ref()).take(5);
    paths.extend(barcodes.map(|gtin| format!("/api/v1/search?pageSize=20&query={gtin}")));
    Ok(paths.into_iter().map(Uri::try_from).collect::<Result<_, _>>()?)
}

/// Searches.
///
/// # Errors
/// The server is gone.
pub(super) async fn run(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let paths = paths(market)?;
    let load = Load { per_second: None, warm_up: effort.warm_up, window: effort.window };
    let (closed, _) = market.drive(load, Reader::many(8, &paths)).await?;
    let budget = Budget::cpu(Duration::from_millis(1), closed.cpu_each());
    report.requests("search, 20 results with facets", "8 connections".into(), &closed, Some(budget));

    let paced = Load { per_second: Some(200), ..load };
    let (paced, _) = market.drive(paced, Reader::many(16, &paths)).await?;
    let budget = Budget::p99(Duration::from_millis(10), paced.latencies.percentile(99));
    report.requests("search, 20 results with facets", "200/s".into(), &paced, Some(budget));
    Ok(())
}
