//! What a product must be to be stored.

use std::collections::HashSet;

use kernel::{Currency, Violation};
use prost::Message;
use ultramarket_api::{catalog::v1 as pb, r#type::v1::Money};

use crate::Error;

/// A cart of 200 lines of 999 at this price still sums up in 64 bits.
const MAX_PRICE_MINOR: i64 = 10_000_000_000_000;

/// An event carries the product whole and must fit the bus.
const MAX_BYTES: usize = 512 * 1024;

/// Checks a product against the rules that fields alone cannot express and fills in what follows from others:
/// the one variant of a product without variants, prices of variants, the price of the product.
///
/// Names (slug and SKUs) are given later, by [`crate::domain::names`], because they must be unique.
pub(crate) fn complete(mut product: pb::Product) -> Result<pb::Product, Error> {
    tidy(&mut product);
    let mut violations = Vec::new();
    check_texts(&product, &mut violations);
    set_prices(&mut product, &mut violations);
    check_skus(&product, &mut violations);
    if product.encoded_len() > MAX_BYTES {
        violations.push(Violation::new("product", format!("must be at most {MAX_BYTES} bytes when encoded")));
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    check_currencies(&product.variants)?;
    product.price = product.variants.first().and_then(|variant| variant.price.clone());
    Ok(product)
}

/// A product whose status nobody has said is for everybody.
pub(crate) fn publish_unless_said(product: &mut pb::Product) {
    if product.status() == pb::product::Status::Unspecified {
        product.set_status(pb::product::Status::Published);
    }
}

/// What of it can be bought under `sku`.
pub(crate) fn saleable(product: &pb::Product, sku: &str) -> Option<pb::SaleableVariant> {
    let variant = product.variants.iter().find(|variant| variant.sku == sku)?;
    let title = match variant.title.as_str() {
        "" => product.title.clone(),
        variant => format!("{}, {variant}", product.title),
    };
    Some(pb::SaleableVariant {
        sku: variant.sku.clone(),
        product_id: product.product_id.clone(),
        title,
        price: variant.price.clone(),
        seller_id: product.seller_id.clone(),
        image: product.images.first().cloned().unwrap_or_default(),
    })
}

fn tidy(product: &mut pb::Product) {
    for text in [&mut product.title, &mut product.brand, &mut product.mpn, &mut product.external_id] {
        *text = line(text);
    }
    for variant in &mut product.variants {
        variant.title = line(&variant.title);
        keep_first(&mut variant.gtins);
    }
    keep_first(&mut product.categories);
    keep_first(&mut product.images);
}

/// One line of text: feeds have tabs and line breaks in titles.
fn line(text: &str) -> String {
    let text = text.trim();
    if text.contains(char::is_control) { text.replace(char::is_control, " ") } else { text.to_owned() }
}

fn keep_first(items: &mut Vec<String>) {
    let mut seen = HashSet::with_capacity(items.len());
    items.retain(|item| seen.insert(item.clone()));
}

fn check_texts(product: &pb::Product, violations: &mut Vec<Violation>) {
    if product.title.is_empty() {
        violations.push(Violation::new("product.title", "is required"));
    }
    if !product.release_date.is_empty() && !is_date(&product.release_date) {
        violations.push(Violation::new("product.releaseDate", "must be a date of the calendar"));
    }
    for (index, image) in product.images.iter().enumerate() {
        if !is_address(image) {
            let problem = "must begin with https://, http:// or /";
            violations.push(Violation::new(format!("product.images[{index}]"), problem));
        }
    }
}

/// Shops put these addresses into pages: `javascript:` and the like must not get there.
fn is_address(image: &str) -> bool {
    let known = ["https://", "http://", "/"].iter().any(|start| image.starts_with(start));
    known && !image.contains(|letter: char| letter.is_control() || letter.is_whitespace())
}

/// A day that exists, written as the field rule asks: `2024-02-29`.
fn is_date(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0..4), part(5..7), part(8..10)) else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Gives each variant its price. The product's own is that of the variants that have none.
fn set_prices(product: &mut pb::Product, violations: &mut Vec<Violation>) {
    let single = product.variants.is_empty();
    if single {
        product.variants.push(pb::Variant::default());
    }
    for (index, variant) in product.variants.iter_mut().enumerate() {
        let own = variant.price.is_some();
        if !own {
            variant.price.clone_from(&product.price);
        }
        let field = || if own { format!("product.variants[{index}].price") } else { "product.price".to_owned() };
        match &variant.price {
            None if single => violations.push(Violation::new("product.price", "is required")),
            None => violations.push(Violation::new(
                format!("product.variants[{index}].price"),
                "is required, here or as the product's",
            )),
            Some(price) if !(0..=MAX_PRICE_MINOR).contains(&price.amount_minor) => {
                let problem = format!("must be from 0 to {MAX_PRICE_MINOR} minor units");
                violations.push(Violation::new(format!("{}.amountMinor", field()), problem));
            }
            Some(_) => {}
        }
    }
    violations.dedup();
}

fn check_skus(product: &pb::Product, violations: &mut Vec<Violation>) {
    let mut seen = HashSet::new();
    for (index, variant) in product.variants.iter().enumerate() {
        if !variant.sku.is_empty() && !seen.insert(variant.sku.as_str()) {
            violations.push(Violation::new(format!("product.variants[{index}].sku"), "is that of another variant"));
        }
    }
}

fn check_currencies(variants: &[pb::Variant]) -> Result<(), Error> {
    let mut prices = variants.iter().filter_map(|variant| variant.price.as_ref());
    let Some(first) = prices.next() else { return Ok(()) };
    currency(first)?;
    match prices.find(|price| price.currency_code != first.currency_code) {
        None => Ok(()),
        Some(other) => {
            currency(other)?;
            Err(Error::CurrencyMismatch { first: first.currency_code.clone(), other: other.currency_code.clone() })
        }
    }
}

fn currency(price: &Money) -> Result<Currency, Error> {
    price.currency_code.parse().map_err(|_| Error::InvalidCurrency { code: price.currency_code.clone() })
}

#[cfg(test)]
mod tests;
