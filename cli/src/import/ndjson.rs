//! Reads products from NDJSON: one JSON object a line.
//!
//! Fields that are not known are passed over, because a supplier's feed has more than a shop wants. `null` is the
//! same as a field that is not there. Needs memory for one line, and refuses lines that no product could fill.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read},
};

use serde::Deserialize;
use ultramarket_api::catalog::v1::{Product, Variant};

use super::entry::{Content, Entry, Finding, Item, gtins};

use self::json::{Price, Text, or_default};

mod json;

/// A product at all its limits has about 1.3 MB.
const LONGEST_LINE: usize = 4 << 20;

/// One product. `cli/README.md` describes the fields to those who write them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    source_id: Text,
    title: String,
    #[serde(default)]
    price: Option<Price>,
    #[serde(default, deserialize_with = "or_default")]
    slug: String,
    #[serde(default, deserialize_with = "or_default")]
    mpn: Text,
    #[serde(default, deserialize_with = "or_default")]
    brand: String,
    #[serde(default, deserialize_with = "or_default")]
    description: String,
    #[serde(default, deserialize_with = "or_default")]
    release_date: String,
    #[serde(default, deserialize_with = "or_default")]
    images: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    categories: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    attributes: BTreeMap<String, Option<Text>>,
    #[serde(default, deserialize_with = "or_default")]
    sku: Text,
    #[serde(default, deserialize_with = "or_default")]
    gtins: Vec<Text>,
    #[serde(default)]
    stock: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    variants: Vec<VariantRecord>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariantRecord {
    #[serde(default, deserialize_with = "or_default")]
    sku: Text,
    #[serde(default, deserialize_with = "or_default")]
    title: String,
    #[serde(default)]
    price: Option<Price>,
    #[serde(default, deserialize_with = "or_default")]
    gtins: Vec<Text>,
    #[serde(default)]
    stock: Option<i64>,
}

/// The entries of NDJSON text.
pub(crate) struct Reader<R> {
    input: R,
    line: u64,
    buffer: Vec<u8>,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads from `input`, which is not compressed.
    pub(crate) fn new(input: R) -> Self {
        Self { input, line: 0, buffer: Vec::new(), ended: false }
    }

    /// Reads the next line into the buffer. `Ok(None)` at the end; `Ok(Some(false))` for a line that is too long.
    fn next_line(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        self.line += 1;
        let limit = LONGEST_LINE as u64 + 1;
        if self.input.by_ref().take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        if self.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        let complete = self.buffer.ends_with(b"\n") || self.buffer.len() <= LONGEST_LINE;
        if !complete {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(complete))
    }

    fn entry(&self, complete: bool) -> Entry {
        let line = self.line;
        let (content, findings) = if complete {
            parse(line, &self.buffer)
        } else {
            let message = format!("the line is longer than {} MiB", LONGEST_LINE >> 20);
            (Content::Refused, vec![Finding::new(line, message)])
        };
        Entry { last_line: line, content, findings }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        while !self.ended {
            match self.next_line() {
                Ok(None) => self.ended = true,
                Ok(Some(true)) if self.buffer.trim_ascii().is_empty() => {}
                Ok(Some(complete)) => return Some(self.entry(complete)),
                Err(error) => {
                    self.ended = true;
                    return Some(Entry::broken(self.line, format!("the file cannot be read any further: {error}")));
                }
            }
        }
        None
    }
}

fn parse(line: u64, text: &[u8]) -> (Content, Vec<Finding>) {
    let mut findings = Vec::new();
    let item = serde_json::from_slice(text)
        .map_err(|error| json::message(&error))
        .and_then(|record: Record| record.into_item(line, &mut findings));
    match item {
        Ok(item) => (Content::Product(Box::new(item)), findings),
        Err(message) => (Content::Refused, vec![Finding::new(line, message)]),
    }
}

impl Record {
    fn into_item(mut self, line: u64, findings: &mut Vec<Finding>) -> Result<Item, String> {
        for (name, value) in [("sourceId", &self.source_id.0), ("title", &self.title)] {
            if value.trim().is_empty() {
                return Err(format!("{name} is empty"));
            }
        }
        let variants = self.take_variants()?;
        let price = self.price.or_else(|| variants.first()?.price.clone());
        let price = price.ok_or("price is missing")?;
        let quantities: Vec<_> = variants.iter().map(|variant| variant.stock).collect();
        if quantities.iter().flatten().any(|&quantity| quantity < 0) {
            return Err("stock is negative".into());
        }
        Ok(Item {
            line,
            quantities,
            product: Product {
                external_id: self.source_id.0,
                slug: self.slug,
                title: self.title,
                brand: self.brand,
                description: self.description,
                price: Some(price.into()),
                categories: self.categories,
                attributes: named(self.attributes),
                images: self.images,
                variants: variants.into_iter().map(|variant| variant.into_variant(line, findings)).collect(),
                mpn: self.mpn.0,
                release_date: self.release_date,
                ..Product::default()
            },
        })
    }

    /// The variants; a product without any has one, which is the product itself.
    fn take_variants(&mut self) -> Result<Vec<VariantRecord>, String> {
        let own = VariantRecord {
            sku: std::mem::take(&mut self.sku),
            gtins: std::mem::take(&mut self.gtins),
            stock: self.stock.take(),
            ..VariantRecord::default()
        };
        let listed = std::mem::take(&mut self.variants);
        if listed.is_empty() {
            return Ok(vec![own]);
        }
        if !own.sku.0.is_empty() || !own.gtins.is_empty() || own.stock.is_some() {
            return Err("sku, gtins and stock belong to each of the variants where there are variants".into());
        }
        Ok(listed)
    }
}

impl VariantRecord {
    fn into_variant(self, line: u64, findings: &mut Vec<Finding>) -> Variant {
        Variant {
            sku: self.sku.0,
            title: self.title,
            price: self.price.map(Into::into),
            gtins: gtins(line, self.gtins.iter().map(|code| &code.0), findings),
        }
    }
}

fn named(attributes: BTreeMap<String, Option<Text>>) -> BTreeMap<String, String> {
    attributes.into_iter().filter_map(|(name, value)| Some((name, value?.0))).collect()
}

#[cfg(test)]
mod tests;
