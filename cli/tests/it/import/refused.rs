//! Lines, files and people that an import does not take.

use serde_json::json;

use super::{counted, import, line, lines, products, stock};
use crate::program::{Place, free_port};

/// Good lines, with bad ones between them, and what is said about each of those.
fn mixed() -> (String, Vec<(usize, &'static str)>) {
    let unknown_category = line(7, "Lamp 7").replace("\"brand\"", "\"categories\":[\"nowhere\"],\"brand\"");
    let text = [
        line(1, "Lamp 1"),
        "{\"sourceId\": \"broken\",\n".into(),
        line(3, ""),
        "\n".into(),
        line(5, "Lamp 5").replace("\"price\"", "\"prize\""),
        line(6, "Lamp 6").replace("USD", "usd"),
        unknown_category,
        line(8, "Lamp 8").replace("\"brand\"", "\"stock\":-1,\"brand\""),
        line(1, "Lamp 1").replace("source-1", "another"),
        line(10, "Lamp 10"),
    ];
    let findings = vec![
        (2, ""),
        (3, "title is empty"),
        (5, "price is missing"),
        (6, ""),
        (7, "nowhere"),
        (8, "stock"),
        (9, "ACME-1"),
    ];
    (text.concat(), findings)
}

fn assert_told(err: &str, findings: &[(usize, &str)]) {
    let mut told = err.lines();
    for (number, part) in findings {
        let line = told.next().unwrap_or_else(|| panic!("line {number} is not told in\n{err}"));
        assert!(
            line.starts_with(&format!("mixed.ndjson:{number}: ")) && line.contains(part),
            "{number} {part}: {line}"
        );
    }
    assert_eq!(told.collect::<Vec<_>>(), ["ultramarket: 7 products were not taken"]);
}

#[tokio::test]
async fn bad_lines_are_told_by_number_and_cost_nothing_else() {
    let place = Place::new();
    let shop = place.up().open().await;
    let (text, findings) = mixed();
    place.write("mixed.ndjson", text);
    let file = std::path::Path::new("mixed.ndjson");

    let dry = import(&place, &shop, file).with(["--stock", "3", "--dry-run"]).run().await;
    assert_eq!(dry.code, Some(65), "{}", dry.err);
    assert!(dry.out.starts_with("checked 9 products in "), "{}", dry.out);
    assert_eq!(products(&shop.rest()).await.len(), 0, "a dry run changes nothing");
    assert_eq!(stock(&shop.rest(), &["ACME-1".into()]).await.values().sum::<i64>(), 0);
    assert!(!place.data().join("imports").exists(), "a dry run is not gone on with");

    let ended = import(&place, &shop, file).with(["--stock", "3"]).run().await;
    assert_eq!(ended.code, Some(65), "{}", ended.err);
    assert_told(&ended.err, &findings);
    assert_eq!(counted(&ended), [2, 0, 0, 7, 2]);
    let found = products(&shop.rest()).await;
    assert_eq!(found.keys().collect::<Vec<_>>(), ["source-1", "source-10"]);
    let skus = ["ACME-1", "ACME-10"].map(str::to_owned);
    assert!(stock(&shop.rest(), &skus).await.values().eq(&[3, 3]));
    shop.stop().await;
}

#[tokio::test]
async fn a_dry_run_of_a_good_file_has_nothing_to_complain_about() {
    let place = Place::new();
    let shop = place.up().open().await;
    let file = place.write("lamps.ndjson", lines(600));
    let ended = import(&place, &shop, &file).with(["--dry-run", "--stock", "3"]).run().await;
    assert!(ended.ok().starts_with("checked 600 products in "), "{}", ended.out);
    assert_eq!(counted(&ended), [600, 0, 0, 0, 0]);
    assert_eq!(products(&shop.rest()).await.len(), 0);
    shop.stop().await;
}

#[tokio::test]
async fn who_may_not_import_is_told_with_a_code_of_its_own() {
    let place = Place::new();
    let shop = place.up().open().await;
    let file = place.write("lamps.ndjson", lines(3));
    let (email, _) = crate::shop::credentials(&place.data());
    std::fs::create_dir(place.path("other")).expect("creates");
    let wrong = json!({"email": email, "password": "not the password"});
    place.write("other/admin-credentials.json", wrong.to_string());
    shop.customer("ann").await;
    let login = json!({"email": "ann@example.com", "password": "correct horse battery staple"});
    let tokens = shop.rest().post("/api/v1/auth/login", login).await.ok();
    let token = tokens["accessToken"].as_str().expect("there is a token");
    let to = ["import", "lamps.ndjson", "--url", &shop.url];
    for (whose, part) in [
        (["--data-dir", "other"], "the server refuses the credentials: "),
        (["--token", "nonsense"], "the server refuses the credentials: "),
        (["--token", token], "only an administrator may import"),
    ] {
        let ended = place.call(to).with(whose).run().await;
        assert!(ended.refused(77).contains(part), "{whose:?}: {}", ended.err);
    }
    assert_eq!(products(&shop.rest()).await.len(), 0);

    let ended = place.call(to).with(["--data-dir", "nowhere"]).run().await;
    assert!(ended.refused(66).contains("nowhere/admin-credentials.json"), "{}", ended.err);
    for (file, part) in [("nothing.ndjson", "nothing.ndjson"), ("data", "it is no regular file")] {
        let ended = import(&place, &shop, std::path::Path::new(file)).run().await;
        assert!(ended.refused(66).contains(part), "{}", ended.err);
    }
    place.write("picture.png", b"\x89PNG\r\n\x1a\n");
    let ended = import(&place, &shop, std::path::Path::new("picture.png")).run().await;
    assert!(ended.refused(66).contains("neither NDJSON nor a Shopify product CSV"), "{}", ended.err);

    let nobody = format!("http://127.0.0.1:{}", free_port());
    for (url, code) in [(nobody.as_str(), 69), (shop.operations.as_str(), 69), ("ftp://shop", 2)] {
        let ended = place.call(["import", "--data-dir", "data", "--url", url]).path(&file).run().await;
        assert!(ended.refused(code).contains(url), "{}", ended.err);
    }
    shop.stop().await;
}
