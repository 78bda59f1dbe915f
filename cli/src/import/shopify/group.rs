//! The rows of one handle, and the product that they make.

use csv::ByteRecord;
use kernel::Currency;
use ultramarket_api::{
    catalog::v1::{Product, Variant, product::Status},
    r#type::v1::Money,
};

use super::{Column, Columns, Content, Entry, Lines};
use crate::import::{
    entry::{Finding, Item, gtins},
    html, price,
};

/// One row, with where it stands.
pub(super) struct Row<'a> {
    pub(super) lines: Lines,
    pub(super) columns: &'a Columns,
    pub(super) record: &'a ByteRecord,
}

impl<'a> Row<'a> {
    /// The text of a column, trimmed; empty where the row or the file has none.
    fn get(&self, column: Column) -> Result<&'a str, Finding> {
        let bytes = self.columns.place(column).and_then(|place| self.record.get(place)).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.trim()),
            Err(_) => {
                Err(Finding::new(self.lines.first, format!("column {:?} is no UTF-8 text", Columns::name(column))))
            }
        }
    }

    fn has(&self, columns: &[Column]) -> Result<bool, Finding> {
        for &column in columns {
            if !self.get(column)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn wrong(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.lines.first, message)
    }
}

/// A product while its rows come in.
pub(super) struct Group {
    handle: Vec<u8>,
    last_line: u64,
    item: Item,
    refused: bool,
    findings: Vec<Finding>,
}

impl Group {
    /// A product that begins with `row`.
    pub(super) fn begin(row: &Row<'_>, currency: Currency) -> Self {
        let item = Item { line: row.lines.first, product: Product::default(), quantities: Vec::new() };
        let handle = handle(row).to_vec();
        let mut group = Self { handle, last_line: row.lines.last, item, refused: false, findings: Vec::new() };
        let described = group.describe(row);
        group.note(described);
        group.add(row, currency);
        group
    }

    /// Whether `row` belongs to the product.
    pub(super) fn continues_with(&self, row: &Row<'_>) -> bool {
        handle(row) == self.handle
    }

    /// Takes what `row` says of a variant and of pictures.
    pub(super) fn add(&mut self, row: &Row<'_>, currency: Currency) {
        self.last_line = row.lines.last;
        let added = self.add_row(row, currency);
        self.note(added);
    }

    /// The product, once no row continues it.
    pub(super) fn finish(mut self) -> Entry {
        if !self.refused && self.item.product.variants.is_empty() {
            self.note(Err(Finding::new(self.item.line, "no row of the product has a price")));
        }
        let content = if self.refused { Content::Refused } else { Content::Product(Box::new(self.item)) };
        Entry { last_line: self.last_line, content, findings: self.findings }
    }

    /// What is to be said of the product when its last row cannot be known.
    pub(super) fn incomplete(self) -> Finding {
        Finding::new(self.item.line, "the product may not be complete and is not imported")
    }

    fn note(&mut self, result: Result<(), Finding>) {
        if let Err(finding) = result {
            self.refused = true;
            self.findings.push(finding);
        }
    }

    /// Takes what only the first row says.
    fn describe(&mut self, row: &Row<'_>) -> Result<(), Finding> {
        let handle = row.get(Column::Handle)?;
        let title = row.get(Column::Title)?;
        for (name, text) in [("Handle", handle), ("Title", title)] {
            if text.is_empty() {
                return Err(row.wrong(format!("{name} is empty")));
            }
        }
        let product = &mut self.item.product;
        product.external_id = handle.into();
        product.slug = if is_slug(handle) { handle.into() } else { String::new() };
        product.title = title.into();
        product.brand = row.get(Column::Vendor)?.into();
        product.description = html::plain_text(row.get(Column::Body)?);
        product.mpn = row.get(Column::Mpn)?.into();
        product.set_status(status(row.get(Column::Published)?, row.get(Column::Status)?));
        for (name, column) in [("type", Column::Type), ("tags", Column::Tags)] {
            let text = row.get(column)?;
            if !text.is_empty() {
                product.attributes.insert(name.into(), text.into());
            }
        }
        Ok(())
    }

    fn add_row(&mut self, row: &Row<'_>, currency: Currency) -> Result<(), Finding> {
        if row.record.len() > row.columns.count() {
            let (found, named) = (row.record.len(), row.columns.count());
            return Err(row.wrong(format!("the row has {found} columns, the first row names {named}")));
        }
        for column in [Column::Image, Column::VariantImage] {
            let image = row.get(column)?;
            let images = &mut self.item.product.images;
            if !image.is_empty() && !images.iter().any(|other| other == image) {
                images.push(image.into());
            }
        }
        if row.has(&[Column::Price, Column::Sku, Column::Option1])? {
            self.add_variant(row, currency)?;
        }
        Ok(())
    }

    fn add_variant(&mut self, row: &Row<'_>, currency: Currency) -> Result<(), Finding> {
        let price_text = row.get(Column::Price)?;
        let minor = price::minor_units(price_text, currency).map_err(|message| row.wrong(message))?;
        let price = Money { currency_code: currency.code().into(), amount_minor: minor };
        let barcode = Some(row.get(Column::Barcode)?).filter(|code| !code.is_empty());
        let variant = Variant {
            sku: sku(row)?,
            title: title(row)?,
            price: Some(price.clone()),
            gtins: gtins(row.lines.first, barcode, &mut self.findings),
        };
        self.item.product.price.get_or_insert(price);
        self.item.product.variants.push(variant);
        self.item.quantities.push(quantity(row)?);
        Ok(())
    }
}

fn handle<'a>(row: &Row<'a>) -> &'a [u8] {
    row.columns.place(Column::Handle).and_then(|place| row.record.get(place)).unwrap_or_default().trim_ascii()
}

/// What the catalogue takes for a slug.
fn is_slug(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= 200 && text.split('-').all(part)
}

fn status(published: &str, status: &str) -> Status {
    let hidden = published.eq_ignore_ascii_case("false") || ["draft", "archived"].contains(&&*status.to_lowercase());
    if hidden { Status::Draft } else { Status::Published }
}

/// Spreadsheets mark text that looks like a number with an apostrophe.
fn sku(row: &Row<'_>) -> Result<String, Finding> {
    let sku = row.get(Column::Sku)?.trim_start_matches('\'');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if sku.is_empty() {
        return Ok(String::new());
    }
    if sku.len() > 100 || !sku.bytes().all(allowed) || !sku.as_bytes()[0].is_ascii_alphanumeric() {
        return Err(
            row.wrong(format!("SKU {sku:?} is not made of at most 100 letters, digits, dots, dashes and underscores"))
        );
    }
    Ok(sku.into())
}

/// `Red, XL`; nothing for what Shopify calls the only variant.
fn title(row: &Row<'_>) -> Result<String, Finding> {
    let mut parts = Vec::new();
    for column in [Column::Option1, Column::Option2, Column::Option3] {
        let value = row.get(column)?;
        if !value.is_empty() && value != "Default Title" {
            parts.push(value);
        }
    }
    Ok(parts.join(", "))
}

/// Shopify counts below zero when it has sold too much: there is none.
fn quantity(row: &Row<'_>) -> Result<Option<i64>, Finding> {
    let text = row.get(Column::Quantity)?;
    if text.is_empty() {
        return Ok(None);
    }
    let quantity = text.parse().map_err(|_| row.wrong(format!("inventory quantity {text:?} is no whole number")))?;
    Ok(Some(i64::max(quantity, 0)))
}
