//! From changing a product to finding it by its new title.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http::Uri;
use serde_json::json;
use tokio::time;

use super::start::spread;
use crate::bench::{
    Effort,
    budget::Budget,
    chance::Chance,
    client::{Connection, get, patch},
    latency::Latencies,
    market::{Market, Offer, signed},
    report::Report,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Changes titles.
///
/// # Errors
/// A product cannot be changed, or is not found.
pub(super) async fn run(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let administrator = market.administrator().await?;
    let mut connection = Connection::open(market.server.address()).await?;
    let mut chance = Chance::new(4711);
    let mut times = Latencies::default();
    for _ in 0..effort.runs * 2 {
        let offer = chance.pick(&market.offers).clone();
        let word = word(&mut chance);
        let path = Uri::try_from(format!("/api/v1/products/{}", offer.product_id))?;
        let title: String = offer.title.chars().take(400).collect();
        let change = patch(path, &json!({"title": format!("{title} {word}")}));
        let begun = Instant::now();
        connection.send(signed(change, &administrator)).await?.ok().context("change a product")?;
        let found = time::timeout(PATIENCE, find(&mut connection, &word, &offer));
        found.await.context("wait until a changed product is found")??;
        times.push(begun.elapsed());
    }
    let slowest = times.percentile(100).context("it was measured")?;
    let budget = Budget::below(Duration::from_secs(1), slowest);
    report.figure("a changed product is found by search", spread(&times)?, Some(budget));
    Ok(())
}

async fn find(connection: &mut Connection, word: &str, offer: &Offer) -> Result<()> {
    let path = Uri::try_from(format!("/api/v1/search?pageSize=10&query={word}"))?;
    loop {
        let found = connection.send(get(path.clone())).await?.ok().context("search")?;
        let results = found["results"].as_array().map_or(&[][..], Vec::as_slice);
        if results.iter().any(|result| result["product"]["productId"] == offer.product_id.as_str()) {
            return Ok(());
        }
        time::sleep(Duration::from_millis(1)).await;
    }
}

/// A word that nothing else has, and that looks like no other one.
fn word(chance: &mut Chance) -> String {
    (0..12).map(|_| char::from(*chance.pick(b"bcdfghjklmnpqrstvwxz"))).collect()
}
