//! What the services know, against what shoppers were told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use db::{Db, Options};
use kernel::{SystemClock, SystemIds};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use system_tests::Rest;

use super::buyer::{Ended, number};
use crate::shop::Shop;

/// Mail that was being handed over when the server was killed is taken up when nobody can be at it any more.
const MAIL: Duration = Duration::from_secs(45);

type Orders = BTreeMap<String, Ended>;

pub(super) struct Books<'a> {
    pub(super) shop: &'a Shop,
    pub(super) data: &'a Path,
    pub(super) orders: &'a Orders,
}

impl Books<'_> {
    async fn admin(&self) -> Rest {
        self.shop.administrator(self.data).await.rest
    }

    /// No order was lost, and there is none that nobody asked for.
    pub(super) async fn know_every_order_and_no_other(&self) {
        let known = pages(&self.admin().await, "/api/v1/orders?allAccounts=true", "orders").await;
        let known: BTreeMap<_, _> =
            known.iter().map(|order| (order["orderId"].as_str(), order["lifecycle"].as_str())).collect();
        let told: BTreeMap<_, _> =
            self.orders.iter().map(|(id, order)| (Some(id.as_str()), Some(order.lifecycle.as_str()))).collect();
        assert_eq!(known, told);
    }

    /// What was there is what is there and what was sold, and the movements say the same.
    pub(super) async fn agree_on_stock(&self, sku: &str, initial: i64) {
        let confirmed = self.orders.values().filter(|order| order.lifecycle == "CONFIRMED");
        let sold: i64 = confirmed.flat_map(|order| &order.items).filter(|item| item.0 == sku).map(|item| item.1).sum();
        let admin = self.admin().await;
        let stock = admin.get(&format!("/api/v1/stock/{sku}")).await.ok();
        assert_eq!((number(&stock["onHand"]), number(&stock["reserved"])), (initial - sold, 0), "{sku}: {stock}");
        let movements = pages(&admin, &format!("/api/v1/stock/{sku}/movements?"), "movements").await;
        let sum = |field: &str| movements.iter().map(|movement| number(&movement[field])).sum::<i64>();
        assert_eq!((sum("onHandDelta"), sum("reservedDelta")), (initial - sold, 0), "{sku}");
        for order in self.orders.keys() {
            let kinds: Vec<_> = movements.iter().filter(|movement| movement["orderId"] == order.as_str()).collect();
            let kinds: BTreeSet<_> = kinds.iter().map(|movement| movement["kind"].as_str()).collect();
            assert!(kinds.len() <= 2, "{sku} moved for {order}: {kinds:?}");
        }
    }

    /// Mail went out for each confirmed order, once, and says no other is confirmed.
    pub(super) async fn have_one_confirmation_for_each_confirmed_order(&self) {
        let wanted: BTreeMap<_, _> = self
            .orders
            .values()
            .filter(|order| order.lifecycle == "CONFIRMED")
            .map(|order| (order.number.as_str(), 1))
            .collect();
        testkit::eventually_within(MAIL, "all mail", async || {
            (confirmations(self.data, self.orders).values().sum::<usize>() >= wanted.len()).then_some(())
        })
        .await;
        assert_eq!(confirmations(self.data, self.orders), wanted);
    }
}

/// How much mail there is that confirms an order, by its number.
fn confirmations<'a>(data: &Path, orders: &'a Orders) -> BTreeMap<&'a str, usize> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(data.join("mail")).expect("there is mail") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let mail = fs::read_to_string(path).expect("mail is text");
        let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("mail has a subject");
        if subject.contains("confirmed") {
            let order = orders.values().find(|order| subject.contains(&order.number)).expect("is about an order");
            *found.entry(order.number.as_str()).or_default() += 1;
        }
    }
    found
}

async fn pages(rest: &Rest, path: &str, field: &str) -> Vec<Value> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = rest.get(&format!("{path}&pageSize=100&pageToken={token}")).await.ok();
        all.extend(page[field].as_array().into_iter().flatten().cloned());
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => return all,
        }
    }
}

/// The bank took the money of each confirmed order once, and nobody else's.
pub(super) async fn books_of_the_provider(data: &Path, orders: &Orders) {
    let url = format!("sqlite://{}", data.join("payment.db").display());
    let db = Db::open(&url, Options::new("payment"), Arc::new(SystemClock), Arc::new(SystemIds)).await;
    let db = db.expect("the database can be opened");
    let sql = "SELECT order_id, SUM(CASE state WHEN 'captured' THEN amount_minor - refunded_minor ELSE 0 END), \
               SUM(CASE state WHEN 'authorized' THEN 1 ELSE 0 END) FROM sandbox_intents GROUP BY order_id";
    let rows = db.reader().query_all_raw(db::sql::statement(db.reader(), sql, [])).await.expect("reads");
    let mut kept: BTreeMap<String, i64> = BTreeMap::new();
    for row in rows {
        let (order, taken, held): (String, i64, i64) = (
            row.try_get_by_index(0).expect("an id"),
            row.try_get_by_index(1).expect("an amount"),
            row.try_get_by_index(2).expect("a count"),
        );
        assert_eq!(held, 0, "money of {order} is still held");
        kept.insert(order, taken);
    }
    for (id, order) in orders {
        let wanted = if order.lifecycle == "CONFIRMED" { order.total } else { 0 };
        assert_eq!(kept.remove(id).unwrap_or(0), wanted, "the bank's money of {id}");
    }
    assert!(kept.is_empty(), "the bank knows orders that nobody placed: {kept:?}");
    db.close().await;
}
