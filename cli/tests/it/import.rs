//! `import` into a running marketplace.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path, time::Duration};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use system_tests::Rest;

use crate::{
    program::{Call, Ended, Place},
    shop::Shop,
};

mod broken_off;
mod real_catalogue;
mod refused;

/// How long a build without optimisation may take to index all that an import can hold.
const INDEXED: Duration = Duration::from_secs(120);

/// A line of NDJSON.
fn line(number: usize, title: &str) -> String {
    let price = json!({"currencyCode": "USD", "amountMinor": (100 + number).to_string()});
    let product = json!({
        "sourceId": format!("source-{number}"), "title": title, "brand": "Acme", "price": price,
        "sku": format!("ACME-{number}"), "attributes": {"colour": "red", "height": format!("{number} cm")},
    });
    product.to_string() + "\n"
}

/// So many lines of NDJSON.
fn lines(count: usize) -> String {
    (1..=count).map(|number| line(number, &format!("Lamp {number}"))).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// An import with the credentials of the data directory.
fn import<'a>(place: &'a Place, shop: &Shop, file: &Path) -> Call<'a> {
    place.call(["import", "--url", &shop.url, "--data-dir", "data"]).path(file)
}

/// What the last sentence counts: created, updated, unchanged, failed, and SKUs with initial stock.
fn counted(ended: &Ended) -> [u64; 5] {
    let counts = ended.out.trim_end().split_once("products/s): ").unwrap_or_else(|| panic!("{ended:?}")).1;
    // "1,234 created, 0 updated, …, initial stock of 1,234 SKUs"
    let words: Vec<_> = counts.split(' ').map(|word| word.trim_end_matches(',')).collect();
    let number = |text: &str| text.replace(',', "").parse().expect("is a number");
    let before = |label: &str| words.iter().position(|word| *word == label).map_or(0, |at| number(words[at - 1]));
    ["created", "updated", "unchanged", "failed", "SKUs"].map(before)
}

/// All products, by their id in the source.
async fn products(rest: &Rest) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut token = String::new();
    loop {
        let page = rest.get(&format!("/api/v1/products?pageSize=100&pageToken={token}")).await.ok();
        for product in page["products"].as_array().into_iter().flatten() {
            let id = product["externalId"].as_str().expect("was imported").to_owned();
            assert!(found.insert(id, product.clone()).is_none(), "{product} is there twice");
        }
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => return found,
        }
    }
}

/// How much is available of each SKU.
async fn stock(rest: &Rest, skus: &[String]) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for part in skus.chunks(100) {
        let query: Vec<_> = part.iter().map(|sku| format!("skus={sku}")).collect();
        let reply = rest.get(&format!("/api/v1/stock:batchGet?{}", query.join("&"))).await.ok();
        for stock in reply["stock"].as_array().into_iter().flatten() {
            let available = stock["available"].as_str().unwrap_or("0").parse().expect("is a number");
            found.insert(stock["sku"].as_str().expect("has a SKU").to_owned(), available);
        }
    }
    found
}

async fn finds(shop: &Shop, query: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/v1/search?pageSize=10&query={}", query.replace(' ', "+"));
    testkit::eventually_within(INDEXED, "what was imported is found", async || {
        Some(shop.rest().get(&path).await.ok()).filter(&wanted)
    })
    .await
}

#[tokio::test]
async fn a_file_imported_again_updates_and_never_doubles() {
    let place = Place::new();
    let shop = place.up().open().await;
    let first = place.write("first.ndjson", lines(40));
    let ended = import(&place, &shop, &first).with(["--stock", "7"]).run().await;
    assert!(ended.ok().starts_with("imported 40 products in "), "{}", ended.out);
    assert_eq!(counted(&ended), [40, 0, 0, 0, 40]);
    let before = products(&shop.rest()).await;
    let lamp = &before["source-5"];
    assert_eq!((before.len(), &lamp["title"], &lamp["brand"]), (40, &json!("Lamp 5"), &json!("Acme")));
    assert_eq!(lamp["price"], json!({"currencyCode": "USD", "amountMinor": "105"}));
    assert_eq!((&lamp["variants"][0]["sku"], &lamp["attributes"]["height"]), (&json!("ACME-5"), &json!("5 cm")));
    let skus: Vec<_> = (1..=40).map(|number| format!("ACME-{number}")).collect();
    assert!(stock(&shop.rest(), &skus).await.values().eq([7; 40].iter()));

    let ended = import(&place, &shop, &first).with(["--stock", "9"]).run().await;
    ended.ok();
    assert_eq!(counted(&ended)[..4], [0, 0, 40, 0]);
    assert_eq!(products(&shop.rest()).await, before, "nothing is touched that does not differ");
    assert!(stock(&shop.rest(), &skus).await.values().eq([7; 40].iter()), "stock is set once");

    let text = lines(41).replace("Lamp 5\"", "Lantern\"");
    let second = place.write("second.ndjson.gz", gzip(&text));
    let ended = import(&place, &shop, &second).run().await;
    ended.ok();
    assert_eq!(counted(&ended), [1, 1, 39, 0, 0]);
    let after = products(&shop.rest()).await;
    assert_eq!((after.len(), &after["source-5"]["title"]), (41, &json!("Lantern")));
    assert_eq!(after["source-5"]["productId"], lamp["productId"]);
    finds(&shop, "lantern", |found| found["results"][0]["product"]["externalId"] == "source-5").await;
    let kept = fs::read_dir(place.data().join("imports")).expect("there is a place for checkpoints");
    assert_eq!(kept.count(), 0, "what is finished is not gone on with");
    shop.stop().await;
}

const SHOPIFY: &str = "\
Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Image Src,Status
shirt,\"Shirt, plain\",\"<p>Soft &amp; warm.</p>
<ul><li>cotton</li></ul>\",Acme,Clothes,\"summer, sale\",true,Colour,Red,Size,S,SHIRT-RS,3,19.99,,https://img.example/1.jpg,active
shirt,,,,,,,,Red,,M,SHIRT-RM,0,19.99,,https://img.example/2.jpg,
shirt,,,,,,,,Blue,,S,,-2,21.5,,,
mug,Mug,,Acme,Kitchen,,true,Title,Default Title,,,MUG,12,8,9521234543213,,active
hat,Hat,,Acme,Clothes,,false,Title,Default Title,,,HAT,5,15.00,,,draft
";

#[tokio::test]
async fn a_merchants_shopify_export_is_imported_with_variants_and_stock() {
    let place = Place::new();
    let shop = place.up().open().await;
    let plain = place.write("export.csv", SHOPIFY);
    let ended = import(&place, &shop, &plain).with(["--currency", "EUR"]).run().await;
    ended.ok();
    assert_eq!(counted(&ended), [3, 0, 0, 0, 5]);
    let shown = products(&shop.rest()).await;
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["mug", "shirt"], "a draft is not shown");
    let shirt = &shown["shirt"];
    assert_eq!((&shirt["title"], &shirt["slug"]), (&json!("Shirt, plain"), &json!("shirt")));
    assert!(shirt["description"].as_str().is_some_and(|text| text.contains("Soft & warm.") && !text.contains('<')));
    assert_eq!(shirt["images"], json!(["https://img.example/1.jpg", "https://img.example/2.jpg"]));
    let variants = shirt["variants"].as_array().expect("has variants");
    let titles: Vec<_> = variants.iter().map(|variant| variant["title"].as_str().unwrap_or_default()).collect();
    assert_eq!(titles, ["Red, S", "Red, M", "Blue, S"]);
    assert_eq!(variants[2]["price"], json!({"currencyCode": "EUR", "amountMinor": "2150"}));
    let made = variants[2]["sku"].as_str().expect("a SKU is made").to_owned();
    let skus = ["SHIRT-RS", "SHIRT-RM", "MUG", "HAT", &made].map(str::to_owned);
    let stock = stock(&shop.rest(), &skus).await;
    assert_eq!(skus.each_ref().map(|sku| stock[sku]), [3, 0, 12, 5, 0]);
    finds(&shop, "9521234543213", |found| found["results"][0]["product"]["externalId"] == "mug").await;

    let packed = place.write("export.csv.gz", gzip(SHOPIFY));
    let ended = import(&place, &shop, &packed).with(["--currency", "EUR"]).run().await;
    ended.ok();
    assert_eq!(counted(&ended)[..4], [0, 0, 3, 0]);
    assert_eq!(products(&shop.rest()).await, shown);
    shop.stop().await;
}
