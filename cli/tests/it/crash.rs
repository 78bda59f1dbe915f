//! `kill -9` at any time: what was acknowledged is kept, comes to its end, and has its effects once.
//!
//! Shoppers buy without a pause while the server is killed again and again; they ask again as long as they have no
//! answer. At the end the books of all services are compared with what the shoppers were told.
//! `CRASH_SEED=7` rolls other dice.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::future::join_all;

use self::{
    books::{Books, books_of_the_provider},
    buyer::{Bought, Buyer},
};
use crate::{
    program::{Call, Place, free_port},
    shop::{Shop, assert_no_errors},
};

mod books;
mod buyer;

/// Unless the environment has another one.
const SEED: u64 = 20_260_901;
const KILLS: usize = 6;
const BUYERS: u64 = 6;
/// What there is of each product: plenty, but of the last one less than is asked for.
const STOCK: [i64; 4] = [10_000, 10_000, 10_000, 12];

/// The same numbers each time.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// A number below `end`: splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The server, on the same ports and data each time, in a hurry with what it waits for.
struct Server {
    place: Place,
    http: u16,
    admin: u16,
}

impl Server {
    fn up(&self) -> Call<'_> {
        let hurry = [
            "payment.sandbox.lost_answer_ms=200",
            "payment.sandbox.slow_ms=1500",
            "payment.retry_base_ms=100",
            "payment.retry_cap_ms=1000",
            "order.authorize_seconds=2",
            "order.ask_again_seconds=1",
            "order.ask_again_cap_seconds=2",
            "order.timer_poll_ms=200",
        ];
        self.place.up_on(self.http, self.admin).with(hurry.iter().flat_map(|setting| ["--set", setting]))
    }

    /// Kills it at random moments, also while it starts, and leaves it running.
    async fn suffer(&self, mut shop: Shop, dice: &mut Dice) -> Shop {
        for round in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(400 + dice.below(900))).await;
            assert_no_errors(&shop.kill());
            if round % 2 == 1 {
                let mut starting = self.up().start();
                tokio::time::sleep(Duration::from_millis(dice.below(400))).await;
                assert_no_errors(&starting.kill().err);
            }
            shop = self.up().open().await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        shop
    }
}

#[tokio::test]
async fn every_acknowledged_order_outlives_kill_9_and_comes_to_its_end_once() {
    let seed = std::env::var("CRASH_SEED").map_or(SEED, |text| text.parse().expect("a seed is a whole number"));
    let server = Server { place: Place::new(), http: free_port(), admin: free_port() };
    let shop = server.up().open().await;
    let data = server.place.data();
    let mut skus = Vec::new();
    for (number, on_hand) in STOCK.into_iter().enumerate() {
        let cents = 1000 + 7 * i64::try_from(number).expect("is small");
        skus.push(shop.stock(&data, &format!("Lamp {number}"), cents, on_hand).await);
    }
    let mut buyers = Vec::new();
    for number in 0..BUYERS {
        let account = if number % 2 == 0 { Some(shop.customer(&format!("ann{number}")).await) } else { None };
        buyers.push(Buyer::new(shop.rest(), account, skus.clone(), Dice(seed.wrapping_add(1 + number))));
    }

    let enough = AtomicBool::new(false);
    let mut dice = Dice(seed);
    let (shop, bought) = futures::join!(
        async {
            let shop = server.suffer(shop, &mut dice).await;
            enough.store(true, Ordering::Relaxed);
            shop
        },
        join_all(buyers.into_iter().map(|buyer| buyer.shop_until(&enough))),
    );
    let bought: Vec<Bought> = bought.into_iter().flatten().collect();
    assert!(bought.len() > 60, "{} orders are too few to learn from", bought.len());

    let mut orders = BTreeMap::new();
    for bought in &bought {
        bought.is_told_the_same_again().await;
        let ended = bought.ended().await;
        assert!(orders.insert(bought.order_id(), ended).is_none(), "two keys gave the same order");
    }
    let count = |lifecycle: &str| orders.values().filter(|order| order.lifecycle == lifecycle).count();
    let (confirmed, cancelled) = (count("CONFIRMED"), count("CANCELLED"));
    eprintln!("{KILLS} kills, {} orders: {confirmed} confirmed, {cancelled} cancelled", orders.len());
    assert_eq!(confirmed + cancelled, orders.len());
    assert!(confirmed > 20 && cancelled > 5, "{confirmed} confirmed, {cancelled} cancelled");

    let books = Books { shop: &shop, data: &data, orders: &orders };
    books.know_every_order_and_no_other().await;
    for (sku, on_hand) in skus.iter().zip(STOCK) {
        books.agree_on_stock(sku, on_hand).await;
    }
    books.have_one_confirmation_for_each_confirmed_order().await;
    shop.stop().await;
    books_of_the_provider(&data, &orders).await;
}
