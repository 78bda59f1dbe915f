use super::*;
use crate::import::entry::{Finding, Item};

const HEADER: &str = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Value,Option2 Value,Variant SKU,\
                      Variant Inventory Qty,Variant Price,Variant Barcode,Image Src,Status\n";

fn read(rows: &str) -> Vec<Entry> {
    let text = format!("{HEADER}{rows}").into_bytes();
    Reader::new(io::Cursor::new(text), "USD".parse().expect("a known currency")).collect()
}

fn product(entry: &Entry) -> &Item {
    match &entry.content {
        Content::Product(item) => item,
        other @ (Content::Refused | Content::Broken) => panic!("{other:?} because of {:?}", entry.findings),
    }
}

fn messages(entry: &Entry) -> Vec<(u64, &str)> {
    entry.findings.iter().map(|finding| (finding.line, finding.message.as_str())).collect()
}

#[test]
fn a_row_is_a_product_with_its_quantity() {
    let entries = read(
        "ink-1399,HP 80,<p>Cyan &amp; more</p>,HP,Ink,\"a, b\",TRUE,Default Title,,ICE-1399,25,125.95,'0882780756328,\
         http://a/b.jpg,active\n",
    );
    assert_eq!(entries.len(), 1);
    let Item { line, product, quantities } = product(&entries[0]);
    assert_eq!((*line, entries[0].last_line, quantities.as_slice()), (2, 2, [Some(25)].as_slice()));
    assert_eq!((product.external_id.as_str(), product.slug.as_str()), ("ink-1399", "ink-1399"));
    assert_eq!((product.title.as_str(), product.brand.as_str()), ("HP 80", "HP"));
    assert_eq!(product.description, "Cyan & more");
    assert_eq!(product.images, ["http://a/b.jpg"]);
    assert_eq!(
        product.price.as_ref().map(|price| (price.currency_code.as_str(), price.amount_minor)),
        Some(("USD", 12_595))
    );
    let attributes: Vec<_> = product.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(attributes, [("tags", "a, b"), ("type", "Ink")]);
    let variant = &product.variants[0];
    assert_eq!(
        (variant.sku.as_str(), variant.title.as_str(), variant.gtins.join(" ")),
        ("ICE-1399", "", "0882780756328".into())
    );
}

#[test]
fn rows_of_one_handle_are_variants_and_pictures_of_one_product() {
    let entries = read(
        "Tee,T-Shirt,,A,,,TRUE,Red,XL,T-R-XL,3,19.99,,http://a/1.jpg,active\n\
         Tee,,,,,,,Blue,S,,-2,21,,http://a/2.jpg,\n\
         Tee,,,,,,,,,,,,,http://a/1.jpg,\n\
         mug,Mug,\"<p>Two\nlines</p>\",A,,,false,Default Title,,MUG,,5.00,,,\n\
         cup,Cup,,A,,,TRUE,Default Title,,CUP,,5.00,,,draft\n",
    );
    let places: Vec<_> = entries.iter().map(|entry| (product(entry).line, entry.last_line)).collect();
    assert_eq!(places, [(2, 4), (5, 6), (7, 7)]);
    let tee = product(&entries[0]);
    let variants: Vec<_> = tee.product.variants.iter().map(|v| (v.sku.as_str(), v.title.as_str())).collect();
    assert_eq!(variants, [("T-R-XL", "Red, XL"), ("", "Blue, S")]);
    assert_eq!(tee.quantities, [Some(3), Some(0)], "Shopify counts below zero when it has sold too much");
    assert_eq!(tee.product.images, ["http://a/1.jpg", "http://a/2.jpg"]);
    assert_eq!(tee.product.slug, "", "a handle that is no slug");
    let status = |entry| product(entry).product.status().as_str_name();
    assert_eq!([0, 1, 2].map(|at| status(&entries[at])), ["PUBLISHED", "DRAFT", "DRAFT"]);
}

#[test]
fn a_bad_row_costs_its_product_and_no_other() {
    let entries = read(
        "a,A,,,,,,Red,,A-1,1,5.00,,,\n\
         a,,,,,,,Blue,,A-2,1,five,,,\n\
         a,,,,,,,Green,,A 3,1,5.00,,,\n\
         b,B,,,,,,,,B-1,1.5,5.00,,,\n\
         c,,,,,,,,,C-1,1,5.00,,,\n\
         ,D,,,,,,,,D-1,1,5.00,,,\n\
         e,E,,,,,,,,E-1,1,5.00,,,active,extra\n\
         f,F,,,,,,,,,,,,http://a/1.jpg,\n\
         g,G,,,,,,,,G-1,1,5.00,ABC,,\n",
    );
    let refused: Vec<_> = entries.iter().map(|entry| matches!(entry.content, Content::Refused)).collect();
    assert_eq!(refused, [true, true, true, true, true, true, false]);
    assert_eq!(
        messages(&entries[0]),
        [
            (3, "price \"five\" is no amount like 125.95"),
            (4, "SKU \"A 3\" is not made of at most 100 letters, digits, dots, dashes and underscores"),
        ]
    );
    assert_eq!(messages(&entries[1]), [(5, "inventory quantity \"1.5\" is no whole number")]);
    assert_eq!(messages(&entries[2]), [(6, "Title is empty")]);
    assert_eq!(messages(&entries[3]), [(7, "Handle is empty")]);
    assert_eq!(messages(&entries[4]), [(8, "the row has 16 columns, the first row names 15")]);
    assert_eq!(messages(&entries[5]), [(9, "no row of the product has a price")]);
    assert_eq!(messages(&entries[6]), [(10, "barcode \"ABC\" is no GTIN and is left out")]);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let rows = "a,\"A\r\nA\",,,,,,,,A-1,,5.00,,,\r\n\r\nb,B,,,,,,,,B-1,,x,,,\r\n";
    let text = format!("\u{feff}{}{rows}", HEADER.replace('\n', "\r\n"));
    let entries: Vec<_> =
        Reader::new(io::Cursor::new(text.into_bytes()), "USD".parse().expect("a known currency")).collect();
    assert_eq!((product(&entries[0]).line, entries[0].last_line), (2, 3));
    assert_eq!((messages(&entries[1]), entries[1].last_line), (vec![(5, "price \"x\" is no amount like 125.95")], 5));
}

#[test]
fn a_file_that_is_none_is_refused_with_its_line() {
    let text = io::Cursor::new(b"a,b\n1,2\n".to_vec());
    let entries: Vec<_> = Reader::new(text, "USD".parse().expect("a known currency")).collect();
    assert!(matches!(entries[0].content, Content::Broken));
    assert_eq!(entries[0].findings, [Finding::new(1, "the first row names no column \"handle\"")]);
    assert_eq!(entries.len(), 1);
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let rows = format!("a,A,,,,,,,,A-1,,5.00,,,\nb,\"B,{}", "x".repeat(2 * LONGEST_RECORD));
    let entries = read(&rows);
    assert_eq!(entries.len(), 1);
    assert!(matches!(entries[0].content, Content::Broken));
    assert_eq!(
        messages(&entries[0]),
        [
            (3, "the file cannot be read any further: a row is longer than 4 MiB; a quote may not be closed"),
            (2, "the product may not be complete and is not imported"),
        ]
    );
}

#[test]
fn text_that_is_not_utf_8_is_told_by_column() {
    let mut text = HEADER.as_bytes().to_vec();
    text.extend_from_slice(b"a,A \xff,,,,,,,,A-1,,5.00,,,\n");
    let entries: Vec<_> = Reader::new(io::Cursor::new(text), "USD".parse().expect("a known currency")).collect();
    assert_eq!(messages(&entries[0]), [(2, "column \"title\" is no UTF-8 text")]);
}
