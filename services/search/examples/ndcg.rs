//! Measures how good search is, and how fast: `cargo run --release -p search --example ndcg -- [options] [FOLDER]`.
//!
//! FOLDER holds `products.ndjson.gz` and `search-judgments.csv`; without it `ULTRAMARKET_DATA` or `../shared/data` is
//! used. Prints nDCG@10 over the judged queries (gain 2^rating − 1, unjudged counts as 0, queries without a relevant
//! product left out), over four folds of them, and the time and memory that it took.
//! `--each` lists every query; `--query WORDS` shows what is found; `--suggest BEGINNING` what is suggested.
#![expect(clippy::print_stdout, reason = "a tool that prints a report")]

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use search::{Change, Filter, Index, Order, Request};
use serde_json::Value;
use ultramarket_api::{
    catalog::v1::{Product, Variant},
    r#type::v1::Money,
};

type Judgments = BTreeMap<String, HashMap<String, u32>>;

const DEPTH: usize = 10;
const FOLDS: usize = 4;
const ROUNDS: usize = 20;

#[derive(Default)]
struct Options {
    folder: Option<PathBuf>,
    each: bool,
    queries: Vec<String>,
    beginnings: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options();
    let folder = options.folder.clone().unwrap_or_else(default_folder);
    let (products, judgments) = (folder.join("products.ndjson.gz"), folder.join("search-judgments.csv"));
    if !products.exists() || !judgments.exists() {
        println!("skipped: no products.ndjson.gz and search-judgments.csv in {}", folder.display());
        return Ok(());
    }
    let products = read_products(&products)?;
    let judgments = read_judgments(&judgments)?;

    let directory = tempfile::tempdir()?;
    let index = Index::open(directory.path(), &search::Config::default().facet_attributes)?;
    let (begun, cpu) = (Instant::now(), cpu_time());
    let count = products.len();
    for chunk in products.chunks(1000) {
        index.apply(chunk.iter().map(|product| Change::Put(Box::new(product.clone()), 1)))?;
    }
    index.commit()?;
    println!("indexed {count} products in {:.2?}, {:.2?} of CPU", begun.elapsed(), cpu_time() - cpu);

    for query in &options.queries {
        show(&index, query, judgments.get(query))?;
    }
    for beginning in &options.beginnings {
        println!("\nsuggestions for {beginning:?}");
        for suggestion in index.suggest(beginning, 10)? {
            println!("  {:?} {}", suggestion.kind(), suggestion.text);
        }
    }
    if options.queries.is_empty() && options.beginnings.is_empty() {
        report(&index, &judgments, options.each)?;
        measure(&index, &judgments)?;
    }
    Ok(())
}

fn options() -> Options {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--each" => options.each = true,
            "--query" => options.queries.extend(arguments.next()),
            "--suggest" => options.beginnings.extend(arguments.next()),
            _ => options.folder = Some(argument.into()),
        }
    }
    options
}

fn default_folder() -> PathBuf {
    std::env::var_os("ULTRAMARKET_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from)
}

fn read_products(path: &Path) -> Result<Vec<Product>, Box<dyn Error>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path)?)).lines();
    lines.map(|line| Ok(product(&serde_json::from_str(&line?)?))).collect()
}

/// As the importer makes it of a line.
fn product(line: &Value) -> Product {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let texts = |values: &Value| -> Vec<String> {
        values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let attributes = line["attributes"].as_object().into_iter().flatten();
    Product {
        product_id: text("sourceId"),
        external_id: text("sourceId"),
        title: text("title"),
        brand: text("brand"),
        description: text("description"),
        mpn: text("mpn"),
        release_date: text("releaseDate"),
        images: texts(&line["images"]),
        price: Some(Money {
            currency_code: line["price"]["currencyCode"].as_str().unwrap_or_default().to_owned(),
            amount_minor: line["price"]["amountMinor"].as_str().and_then(|minor| minor.parse().ok()).unwrap_or(0),
        }),
        attributes: attributes.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect(),
        variants: vec![Variant { sku: text("sourceId"), gtins: texts(&line["gtins"]), ..Variant::default() }],
        ..Product::default()
    }
}

/// `query,sourceId,rating`; queries without a relevant product are left out.
fn read_judgments(path: &Path) -> Result<Judgments, Box<dyn Error>> {
    let mut judgments = Judgments::new();
    for line in BufReader::new(File::open(path)?).lines().skip(1) {
        let line = line?;
        let mut fields = line.rsplitn(3, ',');
        if let (Some(rating), Some(id), Some(query)) = (fields.next(), fields.next(), fields.next()) {
            judgments
                .entry(query.trim_matches('"').to_owned())
                .or_default()
                .insert(id.to_owned(), rating.trim().parse()?);
        }
    }
    judgments.retain(|_, judged| judged.values().any(|rating| *rating > 0));
    Ok(judgments)
}

fn request<'a>(query: &'a str, filter: &'a Filter) -> Request<'a> {
    Request { query, filter, order: Order::Relevance, offset: 0, limit: 20 }
}

fn found(index: &Index, query: &str) -> Result<Vec<Product>, Box<dyn Error>> {
    let results = index.search(&request(query, &Filter::default()))?.results;
    Ok(results.into_iter().filter_map(|result| result.product).collect())
}

fn ndcg(found: &[Product], judged: &HashMap<String, u32>) -> f64 {
    let discounted = |(rank, rating): (usize, u32)| f64::from((1 << rating) - 1) / (rank as f64 + 2.0).log2();
    let mut ideal: Vec<u32> = judged.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let ideal: f64 = ideal.into_iter().take(DEPTH).enumerate().map(discounted).sum();
    let ratings = found.iter().take(DEPTH).map(|product| judged.get(&product.product_id).copied().unwrap_or(0));
    ratings.enumerate().map(discounted).sum::<f64>() / ideal
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count() as f64
}

fn report(index: &Index, judgments: &Judgments, each: bool) -> Result<(), Box<dyn Error>> {
    let mut scores = Vec::new();
    for (query, judged) in judgments {
        let score = ndcg(&found(index, query)?, judged);
        if each {
            println!("{score:.3}  {query}");
        }
        scores.push(score);
    }
    let folds = (0..FOLDS).map(|fold| mean(scores.iter().copied().skip(fold).step_by(FOLDS)));
    let folds: Vec<String> = folds.map(|score| format!("{score:.3}")).collect();
    println!(
        "nDCG@{DEPTH} {:.4} over {} queries; folds {}",
        mean(scores.iter().copied()),
        scores.len(),
        folds.join(" ")
    );
    Ok(())
}

fn measure(index: &Index, judgments: &Judgments) -> Result<(), Box<dyn Error>> {
    let filter = Filter::default();
    let narrowed = Filter::parse(r#"brand = "HP" AND brand = "Philips" AND price >= 1000"#)?;
    let typos = ["usb cabel", "labtop", "wireles keybord", "bluetoth headphnes"].map(String::from);
    let judged: Vec<String> = judgments.keys().cloned().collect();
    let unknown: String = ('a'..='p').map(|first| format!("{first}zbcdqfgh ")).collect();
    let common =
        "usb cable black white laptop notebook printer canon hp toner ink cartridge original pages high capacity";
    let (everything, hostile) = ([String::new()], [unknown, common.to_owned()]);
    for (what, queries, filter) in [
        ("judged queries", judged.as_slice(), &filter),
        ("judged queries, filtered", &judged, &narrowed),
        ("queries with typing errors", &typos, &filter),
        ("no words: everything", &everything, &filter),
        ("16 words, unknown or common", &hostile, &filter),
    ] {
        let (begun, cpu) = (Instant::now(), cpu_time());
        let mut slowest = Duration::ZERO;
        for _ in 0..ROUNDS {
            for query in queries {
                let one = Instant::now();
                index.search(&request(query, filter))?;
                slowest = slowest.max(one.elapsed());
            }
        }
        let count = u32::try_from(ROUNDS * queries.len())?;
        let (wall, cpu) = (begun.elapsed() / count, (cpu_time() - cpu) / count);
        println!("{what}: {wall:.0?} a search with facets and 20 results, {cpu:.0?} of CPU, slowest {slowest:.0?}");
    }
    let begun = Instant::now();
    for beginning in ["l", "lapt", "usb c", "hp", "xyz"] {
        index.suggest(beginning, 10)?;
    }
    println!("suggestions: {:.0?} each", begun.elapsed() / 5);
    println!("resident memory: {} MiB", resident_mib());
    Ok(())
}

/// Of all threads of this process, from Linux's accounting in ticks of 10 ms; zero elsewhere.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

fn show(index: &Index, query: &str, judged: Option<&HashMap<String, u32>>) -> Result<(), Box<dyn Error>> {
    let found = index.search(&request(query, &Filter::default()))?;
    println!("\n{query:?}: {} found", found.total);
    for result in found.results.iter().take(DEPTH) {
        let Some(product) = &result.product else { continue };
        let rating =
            judged.and_then(|judged| judged.get(&product.product_id)).map_or_else(|| "?".into(), u32::to_string);
        let title = result.highlights.get("title").unwrap_or(&product.title);
        println!("  {rating} {:7.3} {title:.100} | {:.60}", result.score, product.description.replace('\n', " "));
    }
    for facet in &found.facets {
        let values: Vec<String> =
            facet.values.iter().take(5).map(|value| format!("{} ({})", value.value, value.count)).collect();
        println!("  {}: {}", facet.name, values.join(", "));
    }
    Ok(())
}
