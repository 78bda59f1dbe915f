//! The sample catalogue: what there is to see after the first start.
//!
//! Of our own making, under the license of the project; the barcodes begin with 952, which GS1 sets aside for
//! examples. It goes the way of any import.

use serde::Deserialize;
use tonic::Code;
use ultramarket_api::catalog::v1::{Category, CreateCategoryRequest};

use crate::{
    args::Format,
    exit::{Exit, Failure},
    import::{Plan, Target, pipeline, source},
};

const CATEGORIES: &str = include_str!("../sample/categories.ndjson");
const PRODUCTS: &str = include_str!("../sample/products.ndjson");

/// A line of `categories.ndjson`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryRecord {
    slug: String,
    title: String,
    #[serde(default)]
    parent: String,
}

impl From<CategoryRecord> for Category {
    fn from(CategoryRecord { slug, title, parent }: CategoryRecord) -> Self {
        Self { slug, title, parent, ..Self::default() }
    }
}

fn categories() -> impl Iterator<Item = Category> {
    let records = CATEGORIES.lines().map(serde_json::from_str::<CategoryRecord>);
    records.map(|record| record.expect("a test reads the embedded categories").into())
}

/// Loads categories, products and stock; gives the number of products. Loading again changes nothing.
///
/// # Errors
/// A service cannot be reached, or refuses something, which is a bug.
pub(crate) async fn load(target: &Target) -> Result<u64, Failure> {
    for category in categories() {
        let request = CreateCategoryRequest { category: Some(category) };
        match target.catalog().create_category(target.request(request)).await {
            Err(status) if status.code() != Code::AlreadyExists => return Err(refused(status.message())),
            _ => {}
        }
    }
    let currency = "USD".parse().expect("a known currency");
    let entries =
        source::entries(PRODUCTS.as_bytes(), Format::Ndjson, currency).map_err(|error| refused(&error.to_string()))?;
    let mut products = 0;
    let mut problem = None;
    let plan = Plan { stock: None, dry_run: false };
    pipeline::run(entries, 0, target, plan, |outcome| {
        products += outcome.tally.products();
        problem = problem.take().or_else(|| outcome.findings.into_iter().next());
    })
    .await?;
    match problem {
        None => Ok(products),
        Some(problem) => Err(refused(&format!("line {}: {}", problem.line, problem.message))),
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(Exit::Failure, format!("the sample catalogue cannot be loaded: {why}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::import::{Content, Item};

    fn products() -> Vec<Item> {
        let entries = source::entries(PRODUCTS.as_bytes(), Format::Auto, "USD".parse().expect("a known currency"));
        let entries = entries.expect("reads").map(|entry| {
            assert!(entry.findings.is_empty(), "{entry:?}");
            entry.content
        });
        entries
            .map(|content| if let Content::Product(item) = content { *item } else { panic!("{content:?}") })
            .collect()
    }

    fn check_digit(digits: &[u8]) -> u8 {
        let weighted =
            digits.iter().rev().zip([3, 1].into_iter().cycle()).map(|(digit, weight)| (digit - b'0') * weight);
        let sum: u32 = weighted.map(u32::from).sum();
        b'0' + u8::try_from((10 - sum % 10) % 10).expect("a digit")
    }

    #[test]
    fn categories_stand_after_their_parents() {
        let mut known = BTreeSet::from([String::new()]);
        for category in categories() {
            assert!(known.contains(&category.parent), "{category:?}");
            assert!(known.insert(category.slug.clone()), "{category:?} comes twice");
        }
    }

    #[test]
    fn products_are_complete_and_their_names_and_codes_unique() {
        let categories: BTreeSet<_> = categories().map(|category| category.slug).collect();
        let products = products();
        assert!(products.len() >= 60);
        let mut seen = BTreeSet::new();
        let mut shelves = BTreeSet::new();
        for Item { product, quantities, .. } in &products {
            let name = &product.slug;
            assert!(product.price.as_ref().is_some_and(|price| price.amount_minor > 0), "{name}");
            assert!(!product.description.is_empty() && !product.attributes.is_empty(), "{name}");
            assert!(product.categories.iter().all(|category| categories.contains(category)), "{name}");
            assert!(quantities.iter().all(Option::is_some), "{name}");
            shelves.extend(product.categories.clone());
            for unique in [&product.external_id, &product.slug, &product.mpn] {
                assert!(seen.insert(unique.clone()), "{unique} comes twice");
            }
            for variant in &product.variants {
                assert!(seen.insert(variant.sku.clone()), "{} comes twice", variant.sku);
                let [gtin] = variant.gtins.as_slice() else { panic!("{name} has no barcode") };
                assert!(gtin.starts_with("952") && gtin.len() == 13 && seen.insert(gtin.clone()), "{gtin}");
                assert_eq!(gtin.as_bytes()[12], check_digit(&gtin.as_bytes()[..12]), "{gtin}");
            }
        }
        assert_eq!(shelves, categories, "no shelf is empty");
    }

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // GS1 General Specifications, section 7.9.1.
        assert_eq!(check_digit(b"629104150021"), b'3');
    }
}
