//! The real catalogue, where it is present: `../shared/data` beside the repository. It is not part of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{counted, finds, import};
use crate::program::Place;

/// A file of the shared data; none, and said so, where there is none.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn titles(found: &Value) -> Vec<String> {
    let results = found["results"].as_array().into_iter().flatten();
    results.map(|result| result["product"]["title"].as_str().unwrap_or_default().to_lowercase()).collect()
}

#[tokio::test]
async fn the_real_catalogue_is_imported_whole_and_found_as_shoppers_ask() {
    let Some(file) = shared("products.ndjson.gz") else { return };
    let place = Place::new();
    let shop = place.up().open().await;
    let ended = import(&place, &shop, &file).with(["--stock", "10"]).run().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    eprint!("{}", ended.out);
    let [created, .., failed, stocked] = counted(&ended);
    assert_eq!((created, failed, stocked), (19_406, 0, 19_406), "{}", ended.out);

    let everything = |found: &Value| found["totalSize"].as_i64() == Some(19_406);
    let all = finds(&shop, "", everything).await;
    let product = &all["results"][0]["product"];
    for field in ["productId", "externalId", "slug", "title", "etag"] {
        assert!(product[field].as_str().is_some_and(|text| !text.is_empty()), "{field} is missing in {product}");
    }
    let path = format!("/api/v1/products/{}", product["productId"].as_str().expect("has an id"));
    assert_eq!(shop.rest().get(&path).await.ok()["title"], product["title"]);
    let sku = product["variants"][0]["sku"].as_str().expect("has a SKU");
    assert_eq!(shop.rest().get(&format!("/api/v1/stock/{sku}")).await.ok()["available"], "10");

    for (query, words) in [("hp laptop", &["hp"][..]), ("usb cabel", &["usb", "cable"]), ("samsung tv", &["samsung"])] {
        let titles = titles(&finds(&shop, query, |found| found["results"].is_array()).await);
        let hits = titles.iter().filter(|title| words.iter().all(|word| title.contains(word))).count();
        assert!(hits >= 7, "{query}: {titles:#?}");
    }
    let gtin = product["variants"][0]["gtins"][0].as_str();
    if let Some(gtin) = gtin {
        let found = finds(&shop, gtin, |found| found["results"].is_array()).await;
        assert_eq!(found["results"][0]["product"]["productId"], product["productId"]);
    }

    let again = import(&place, &shop, &file).run().await;
    again.ok();
    assert_eq!(counted(&again)[..4], [0, 0, 19_406, 0]);
    shop.stop().await;
}

#[tokio::test]
async fn a_real_shopify_export_is_imported_whole() {
    let Some(file) = shared("products-shopify.csv.gz") else { return };
    let place = Place::new();
    let shop = place.up().open().await;
    let ended = import(&place, &shop, &file).run().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(counted(&ended)[..4], [2000, 0, 0, 0], "{}", ended.out);
    shop.stop().await;
}
