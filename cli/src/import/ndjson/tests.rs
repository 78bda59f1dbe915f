use super::*;

fn read(text: impl AsRef<[u8]>) -> Vec<Entry> {
    Reader::new(text.as_ref()).collect()
}

fn item(json: &str) -> Item {
    let mut entries = read(json);
    assert_eq!(entries.len(), 1, "{json}");
    match entries.remove(0).content {
        Content::Product(item) => *item,
        other @ (Content::Refused | Content::Broken) => panic!("{json}: {other:?}"),
    }
}

fn refusal(json: &str) -> String {
    let entries = read(json);
    assert!(matches!(entries[0].content, Content::Refused), "{json}");
    entries[0].findings[0].message.clone()
}

#[test]
fn a_product_of_the_catalogue_is_read_whole() {
    let item = item(
        r#"{"sourceId":"1399","mpn":"80","title":"HP 80","brand":"HP","description":"Ink","gtins":["0882780756328"],
        "price":{"currencyCode":"USD","amountMinor":"12595"},"releaseDate":"2006-07-01",
        "images":["http://a/b.jpg"],"attributes":{"width":"56","boxed":true,"depth":11.5,"none":null}}"#
            .replace('\n', "")
            .as_str(),
    );
    assert_eq!(item.line, 1);
    assert_eq!(item.quantities, [None]);
    let product = &item.product;
    assert_eq!((product.external_id.as_str(), product.mpn.as_str(), product.title.as_str()), ("1399", "80", "HP 80"));
    let price = product.price.as_ref().expect("has a price");
    assert_eq!((price.currency_code.as_str(), price.amount_minor), ("USD", 12_595));
    assert_eq!(product.release_date, "2006-07-01");
    assert_eq!(product.images, ["http://a/b.jpg"]);
    let attributes: Vec<_> = product.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(attributes, [("boxed", "true"), ("depth", "11.5"), ("width", "56")]);
    let variants: Vec<_> = product.variants.iter().map(|v| (v.sku.as_str(), v.gtins.join(" "))).collect();
    assert_eq!(variants, [("", "0882780756328".to_owned())], "the server makes the SKU");
}

#[test]
fn variants_have_their_own_sku_price_and_stock() {
    let item = item(
        r#"{"sourceId":7,"title":"Shirt","categories":["shirts"],"variants":[
        {"sku":"S-1","title":"Red","price":{"currencyCode":"USD","amountMinor":1999},"stock":3},{"sku":"S-2"}]}"#
            .replace('\n', "")
            .as_str(),
    );
    assert_eq!(item.product.external_id, "7");
    assert_eq!(item.product.price.as_ref().map(|price| price.amount_minor), Some(1999));
    assert_eq!(item.quantities, [Some(3), None]);
    let variants: Vec<_> = item.product.variants.iter().map(|v| (v.sku.as_str(), v.title.as_str())).collect();
    assert_eq!(variants, [("S-1", "Red"), ("S-2", "")]);
}

#[test]
fn a_bad_line_is_told_by_number_and_the_others_are_read() {
    let good = r#"{"sourceId":"1","title":"A","price":{"currencyCode":"USD","amountMinor":"1"}}"#;
    let text = format!("\u{feff}{good}\r\n\n{{nonsense\n{good}");
    let entries = read(&text);
    let seen: Vec<_> =
        entries.iter().map(|entry| (entry.last_line, matches!(entry.content, Content::Product(_)))).collect();
    assert_eq!(seen, [(1, true), (3, false), (4, true)]);
    assert_eq!(entries[1].findings, [Finding::new(3, "key must be a string (column 2)")]);
}

#[test]
fn refusals_say_what_is_wrong() {
    let price = r#""price":{"currencyCode":"USD","amountMinor":"1"}"#;
    assert_eq!(refusal(&format!(r#"{{"sourceId":" ","title":"A",{price}}}"#)), "sourceId is empty");
    assert_eq!(refusal(r#"{"sourceId":"1","title":"A"}"#), "price is missing");
    assert_eq!(refusal(&format!(r#"{{"sourceId":"1",{price}}}"#)), "missing field `title` (column 65)");
    assert_eq!(refusal(&format!(r#"{{"sourceId":"1","title":"A","stock":-1,{price}}}"#)), "stock is negative");
    assert_eq!(
        refusal(r#"{"sourceId":"1","title":"A","price":{"currencyCode":"USD","amountMinor":"1.5"}}"#),
        "invalid value: string \"1.5\", expected a whole number of minor units (column 77)"
    );
    assert_eq!(
        refusal(r#"{"sourceId":"1","title":"A","price":{"currencyCode":"USD","amountMinor":1.5}}"#),
        "invalid type: floating point `1.5`, expected a whole number of minor units (column 75)"
    );
    assert_eq!(
        refusal(&format!(r#"{{"sourceId":"1","title":"A","sku":"A",{price},"variants":[{{}}]}}"#)),
        "sku, gtins and stock belong to each of the variants where there are variants"
    );
}

#[test]
fn a_line_without_end_costs_no_memory_and_not_the_line_after_it() {
    let mut text = vec![b' '; LONGEST_LINE + 10];
    text.extend_from_slice(b"\n{}\n");
    let entries = read(&text);
    assert_eq!(entries[0].findings, [Finding::new(1, "the line is longer than 4 MiB")]);
    assert_eq!((entries.len(), entries[1].last_line), (2, 2));
}

#[test]
fn a_source_that_breaks_off_says_where() {
    struct Breaking;
    impl io::Read for Breaking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    let entries: Vec<_> = Reader::new(io::BufReader::new(Breaking)).collect();
    assert!(matches!(entries[0].content, Content::Broken));
    assert_eq!(entries[0].findings, [Finding::new(1, "the file cannot be read any further: unexpected end of file")]);
    assert_eq!(entries.len(), 1);
}
