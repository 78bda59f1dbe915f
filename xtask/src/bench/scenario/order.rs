//! Orders of guests, two lines each, paid with the sandbox provider.
//!
//! First as fast as they are taken, until the last is CONFIRMED; that gives what an order costs, with everything that
//! follows from it. Then a hundred a second, each followed with `:watch`; that gives how long one takes.

mod checkout;
mod watch;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use http::{HeaderValue, Uri};
use tokio::time;

use self::{
    checkout::{Checkout, fill},
    watch::Watchers,
};
use crate::bench::{
    Effort,
    budget::Budget,
    client::{Connection, get},
    latency::Latencies,
    load::{Errors, Load, Measured},
    market::{Market, signed},
    report::Report,
};

const CLIENTS: usize = 32;
const PER_SECOND: u32 = 100;
/// How long the last order may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Places orders.
///
/// # Errors
/// The server is gone, or orders are not confirmed.
pub(super) async fn run(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let administrator = market.administrator().await?;
    let baskets = fill(market, 1, effort.orders / 10).await?;
    let (_, _) = market.drive(Load::until_done(), Checkout::many(CLIENTS, baskets)).await?;
    confirmed(market, &administrator).await?;
    as_fast_as_possible(market, &administrator, effort, report).await?;
    paced(market, effort, report).await?;
    confirmed(market, &administrator).await?;
    none_cancelled(market, &administrator).await
}

async fn as_fast_as_possible(
    market: &Market,
    administrator: &HeaderValue,
    effort: Effort,
    report: &mut Report,
) -> Result<()> {
    let baskets = fill(market, 2, effort.orders).await?;
    market.server.settle().await?;
    let (begun, cpu) = (Instant::now(), market.server.cpu_time()?);
    let (mut placed, _) = market.drive(Load::until_done(), Checkout::many(CLIENTS, baskets)).await?;
    confirmed(market, administrator).await?;
    let elapsed = begun.elapsed();
    // Mails are written and carts emptied after that, and are part of the price.
    market.server.settle().await?;
    let whole = Measured {
        elapsed,
        cpu: market.server.cpu_time()? - cpu,
        latencies: Latencies::default(),
        errors: Errors::default(),
        ..placed
    };
    placed.cpu = Duration::ZERO;
    let connections = format!("{CLIENTS} connections");
    report.requests("order accepted (PENDING)", connections.clone(), &placed, None);
    let budget = Budget::cpu(Duration::from_millis(4), whole.cpu_each()).and(Budget::rate(300, whole.per_second()));
    report.requests("order placed to CONFIRMED, all that follows", connections, &whole, Some(budget));
    Ok(())
}

async fn paced(market: &Market, effort: Effort, report: &mut Report) -> Result<()> {
    let load = Load { per_second: Some(PER_SECOND), warm_up: effort.warm_up, window: effort.window };
    let seconds = usize::try_from((load.warm_up + load.window).as_secs() + 1)?;
    let baskets = fill(market, 3, seconds * usize::try_from(PER_SECOND)?).await?;
    market.server.settle().await?;
    let (watchers, placed) = Watchers::start(market.server.address());
    let (mut accepted, clients) = market.drive(load, Checkout::watched(CLIENTS, baskets, &placed)).await?;
    // The watchers end when nobody can give them another order.
    drop((clients, placed));
    let (latencies, errors) = watchers.finish().await?;
    // The processor time has the watching and what follows from earlier orders in it.
    accepted.cpu = Duration::ZERO;
    let confirmed = Measured { latencies, errors, ..accepted.clone() };
    let budget = Budget::p99(Duration::from_millis(50), accepted.latencies.percentile(99));
    report.requests("order accepted (PENDING)", format!("{PER_SECOND}/s"), &accepted, Some(budget));
    let budget = Budget::p99(Duration::from_secs(1), confirmed.latencies.percentile(99));
    report.requests("order CONFIRMED, seen with :watch", format!("{PER_SECOND}/s"), &confirmed, Some(budget));
    Ok(())
}

/// Waits until no order is PENDING.
async fn confirmed(market: &Market, administrator: &HeaderValue) -> Result<()> {
    let mut connection = Connection::open(market.server.address()).await?;
    let none_pending = async {
        while any(&mut connection, administrator, "PENDING").await? {
            time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    };
    time::timeout(PATIENCE, none_pending).await.context("wait until all orders are confirmed")?
}

async fn none_cancelled(market: &Market, administrator: &HeaderValue) -> Result<()> {
    let mut connection = Connection::open(market.server.address()).await?;
    for lifecycle in ["CANCELLED", "EXPIRED"] {
        if any(&mut connection, administrator, lifecycle).await? {
            bail!("an order that should be CONFIRMED is {lifecycle}");
        }
    }
    Ok(())
}

async fn any(connection: &mut Connection, administrator: &HeaderValue, lifecycle: &str) -> Result<bool> {
    let path = Uri::try_from(format!("/api/v1/orders?pageSize=1&allAccounts=true&lifecycle={lifecycle}"))?;
    let page = connection.send(signed(get(path), administrator)).await?.ok().context("list orders")?;
    Ok(page["orders"].as_array().is_some_and(|orders| !orders.is_empty()))
}
