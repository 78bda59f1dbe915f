//! `up` as a child process that serves.

use std::{path::Path, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};
use system_tests::{Rest, Shopper};

use crate::program::{Ended, Process};

/// How long a start may take, on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(60);

/// A running marketplace.
#[derive(Debug)]
pub(crate) struct Shop {
    process: Process,
    /// What it printed when it was up.
    pub(crate) banner: String,
    pub(crate) url: String,
    pub(crate) operations: String,
}

impl Shop {
    /// Waits until it is up.
    pub(crate) async fn of(mut process: Process) -> Self {
        let banner = testkit::eventually_within(START, "the banner", || {
            let banner = process.out();
            let ended = process.status();
            assert!(ended.is_none(), "ended with {ended:?} before it was up: {}", process.err());
            std::future::ready(banner.ends_with("\n\n").then_some(banner).filter(|banner| banner.contains("\nTry\n")))
        })
        .await;
        let address = |name: &str| {
            let line = banner.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim_start);
            let url = line.and_then(|line| line.split(' ').next()).unwrap_or_else(|| panic!("no {name} in {banner}"));
            url.to_owned()
        };
        Self { url: address("shop"), operations: address("operations"), banner, process }
    }

    pub(crate) fn rest(&self) -> Rest {
        Rest::new(&self.url)
    }

    pub(crate) fn operator(&self) -> Rest {
        Rest::new(&self.operations)
    }

    /// The administrator, signed in with the credentials in the data directory.
    pub(crate) async fn administrator(&self, data: &Path) -> Shopper {
        let (email, password) = credentials(data);
        Shopper::sign_in(self.rest(), &email, &password).await
    }

    /// A registered customer, signed in.
    pub(crate) async fn customer(&self, name: &str) -> Shopper {
        Shopper::register(self.rest(), name).await
    }

    /// A new product at a price in cents, of which there are so many; gives its SKU.
    pub(crate) async fn stock(&self, data: &Path, title: &str, cents: i64, on_hand: i64) -> String {
        let admin = self.administrator(data).await;
        let price = json!({"currencyCode": "USD", "amountMinor": cents.to_string()});
        let product = admin.rest.post("/api/v1/products", json!({"title": title, "price": price})).await.ok();
        let sku = product["variants"][0]["sku"].as_str().expect("one is made").to_owned();
        let keyed = admin.rest.with("idempotency-key", &sku);
        keyed.post(&format!("/api/v1/stock/{sku}:adjust"), json!({"onHand": on_hand.to_string()})).await.ok();
        sku
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// `kill -9`. Gives what it had logged.
    pub(crate) fn kill(mut self) -> String {
        self.process.kill().err
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) -> Ended {
        self.process.ended().await
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_no_errors(&ended.err);
        ended
    }
}

/// Fails if something that somebody must look into was logged.
pub(crate) fn assert_no_errors(log: &str) {
    let bad: Vec<_> = log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

/// The administrator's address and password, as the data directory keeps them.
pub(crate) fn credentials(data: &Path) -> (String, String) {
    let text = std::fs::read_to_string(data.join("admin-credentials.json")).expect("the credentials are kept");
    let json: Value = serde_json::from_str(&text).expect("the credentials are JSON");
    let field = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("{name} is missing")).to_owned();
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(2), "nothing else is kept");
    (field("email"), field("password"))
}
