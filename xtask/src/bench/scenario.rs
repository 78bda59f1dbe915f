//! What is measured, in the order in which it is.

mod cart;
mod fresh;
mod import;
mod memory;
mod order;
mod read;
mod search;
mod start;

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use super::{
    Effort,
    catalogue::Catalogue,
    market::{Market, searchable},
    report::Report,
    say,
    server::{Sample, Server},
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// From the start of the process to the first healthy answer
    Start,
    /// Memory and processor time of a process that nobody calls
    Memory,
    /// Products loaded with `ultramarket import`
    Import,
    /// One product
    Product,
    /// Fifty products
    List,
    /// Search with facets
    Search,
    /// Adding to carts
    Cart,
    /// Orders, from placing to CONFIRMED
    Order,
    /// From changing a product to finding it
    Fresh,
}

/// Measures what is wanted.
///
/// # Errors
/// The product does not start, or the catalogue cannot be loaded; anything else is a problem in the report.
pub(crate) async fn run(
    binary: &Path,
    folder: &Path,
    catalogue: &Catalogue,
    effort: Effort,
    wanted: impl Fn(Scenario) -> bool,
    report: &mut Report,
) -> Result<()> {
    if wanted(Scenario::Start) {
        say("cold start, empty");
        start::empty(binary, folder, effort, report).await?;
    }
    say("import");
    let data_dir = folder.join("data");
    let (server, _) = Server::start(binary, &data_dir, Sample::Without).await?;
    let imported = import::run(binary, catalogue, &server).await?;
    if wanted(Scenario::Import) {
        imported.tell(report);
    }
    if wanted(Scenario::Memory) {
        memory::after_import(&server, effort, report).await?;
    }
    server.stop().await?;

    if wanted(Scenario::Start) {
        say("cold start, with data");
        start::existing(binary, &data_dir, imported.products, effort, report).await?;
    }
    let (server, _) = Server::start(binary, &data_dir, Sample::Without).await?;
    searchable(&server, imported.products).await?;
    server.settle().await?;
    if wanted(Scenario::Memory) {
        say("idle");
        memory::idle(&server, imported.products, report).await?;
    }
    let market = Market::open(server).await?;
    under_load(&market, effort, &wanted, report).await;
    if wanted(Scenario::Memory) {
        market.server.settle().await?;
        memory::after_load(&market.server, report)?;
    }
    if let Err(error) = market.server.stop().await {
        report.problem("stop", &format!("{error:#}"));
    }
    Ok(())
}

/// What one of them cannot do does not keep the others from being measured.
async fn under_load(market: &Market, effort: Effort, wanted: impl Fn(Scenario) -> bool, report: &mut Report) {
    use Scenario::{Cart, Fresh, List, Order, Product, Search};
    for scenario in [Product, List, Search, Cart, Order, Fresh] {
        if !wanted(scenario) {
            continue;
        }
        let name = scenario.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        say(&name);
        let result = match scenario {
            Product => read::product(market, effort, report).await,
            List => read::list(market, effort, report).await,
            Search => search::run(market, effort, report).await,
            Cart => cart::run(market, effort, report).await,
            Order => order::run(market, effort, report).await,
            Fresh => fresh::run(market, effort, report).await,
            Scenario::Start | Scenario::Memory | Scenario::Import => Ok(()),
        };
        let result = match result {
            Ok(()) => market.server.settle().await,
            failed => failed,
        };
        if let Err(error) = result {
            report.problem(&name, &format!("{error:#}"));
        }
    }
}
