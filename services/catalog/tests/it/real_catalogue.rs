//! The real catalogue, where it is there: `../shared/data` beside the repository.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    time::Instant,
};

use flate2::read::GzDecoder;
use serde::Deserialize;
use ultramarket_api::{catalog::v1 as pb, r#type::v1::Money};

use crate::harness::Shop;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/products.ndjson.gz");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    source_id: String,
    mpn: String,
    title: String,
    brand: String,
    description: String,
    gtins: Vec<String>,
    price: Price,
    release_date: String,
    images: Vec<String>,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    currency_code: String,
    amount_minor: String,
}

impl Line {
    fn into_product(self) -> pb::Product {
        let amount_minor = self.price.amount_minor.parse().expect("is a number");
        pb::Product {
            external_id: self.source_id,
            mpn: self.mpn,
            title: self.title,
            brand: self.brand,
            description: self.description,
            variants: vec![pb::Variant { gtins: self.gtins, ..Default::default() }],
            price: Some(Money { currency_code: self.price.currency_code, amount_minor }),
            release_date: self.release_date,
            images: self.images,
            attributes: self.attributes,
            ..Default::default()
        }
    }
}

/// How many are imported again: all of them would take long and show no more.
const AGAIN: usize = 2000;

fn count(number: i32) -> usize {
    usize::try_from(number).expect("counts are not negative")
}

fn real_products() -> Option<Vec<pb::Product>> {
    let file = File::open(Path::new(FILE)).ok()?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let product = |line: std::io::Result<String>| {
        let line: Line = serde_json::from_str(&line.expect("reads")).expect("is a product");
        line.into_product()
    };
    Some(lines.map(product).collect())
}

#[tokio::test]
async fn the_real_catalogue_is_taken_whole_and_once() {
    let Some(products) = real_products() else {
        eprintln!("skipped: {FILE} is not there");
        return;
    };
    let shop = Shop::open().await;
    let begun = Instant::now();
    let report = shop.import(products.clone(), false).await;
    eprintln!("{} products imported in {:.1?}", products.len(), begun.elapsed());
    assert_eq!(report.errors, []);
    assert_eq!((count(report.created_count), report.skus.len()), (products.len(), products.len()));

    let again = shop.import(products[..AGAIN].to_vec(), false).await;
    assert_eq!((count(again.unchanged_count), &again.skus[..]), (AGAIN, &report.skus[..AGAIN]));
    let barcodes = products.iter().map(|product| product.variants[0].gtins.len()).sum::<usize>();
    assert!(barcodes > products.len(), "the feed has its barcodes");
}
