//! Many purchases at once in a small world under virtual time: inventory and payment that answer late, twice, or not
//! until they are up again, shoppers who cancel or walk away. At the end of every seed all orders have ended, and
//! stock and money agree with them to the last unit.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use kernel::Timestamp;

use super::{
    Cancellation, Command, Emission, Event, Lifecycle, Outcome, Patience, PaymentStatus, Reason, Saga, Shortage,
};

const SEEDS: u64 = 400;
const ORDERS: usize = 8;
const UNITS: i64 = 12;
const BEGIN: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
/// By then every timer has gone and every outage is over.
const HORIZON: Duration = Duration::from_secs(4 * 60 * 60);

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Mostly a moment, now and then minutes.
    fn delay(&mut self) -> Duration {
        match self.below(20) {
            0 => Duration::from_secs(self.below(2400)),
            1..=3 => Duration::from_secs(self.below(40)),
            _ => Duration::from_millis(self.below(500)),
        }
    }
}

/// What an order's card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    Good,
    Declined,
    /// The bank asks; the shopper answers, or never.
    Asks {
        answers: bool,
    },
    /// The reply is lost, before or after the money was held.
    Silent {
        held: bool,
    },
    /// Holds the money and then refuses to hand it out.
    RefusesCapture,
}

/// What payment knows of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    Untouched,
    Asking,
    Unknown,
    Held,
    Taken,
    Declined,
    /// Called off, lifted or given back; nothing is ever held again.
    Over(Outcome),
}

/// What inventory knows of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stock {
    Untouched,
    Held { until: Timestamp },
    Sold,
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    ToInventory(Command),
    ToPayment(Command),
    Reply(Event),
    Timer,
    Shopper(Event),
    BankAnswers,
    Reconcile,
}

struct Purchase {
    saga: Saga,
    card: Card,
    quantity: i64,
    money: Money,
    stock: Stock,
    confirmed: u32,
    cancelled: u32,
}

struct World {
    random: Random,
    patience: Patience,
    now: Timestamp,
    orders: Vec<Purchase>,
    available: i64,
    /// When what happens to which order; the number keeps the order of equal times.
    queue: BinaryHeap<Reverse<(i64, u64, usize)>>,
    happenings: BTreeMap<u64, What>,
    count: u64,
    /// The last arrival per order and lane, since what one service tells about one order stays in its order.
    lanes: BTreeMap<(usize, &'static str), Timestamp>,
    /// Inventory and payment are away until then.
    away: [Timestamp; 2],
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let away = [(); 2].map(|()| {
            let secs = if random.chance(20) { random.below(3600) } else { 0 };
            BEGIN + Duration::from_secs(secs)
        });
        let mut world = Self {
            random,
            patience: Patience::usual(),
            now: BEGIN,
            orders: Vec::new(),
            available: UNITS,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            count: 0,
            lanes: BTreeMap::new(),
            away,
        };
        for order in 0..ORDERS {
            world.place(order);
        }
        world
    }

    fn place(&mut self, order: usize) {
        let card = match self.random.below(10) {
            0..=3 => Card::Good,
            4 => Card::Declined,
            5 => Card::Asks { answers: true },
            6 => Card::Asks { answers: false },
            7 => Card::Silent { held: false },
            8 => Card::Silent { held: true },
            _ => Card::RefusesCapture,
        };
        self.orders.push(Purchase {
            saga: Saga::begin(self.now, &self.patience),
            card,
            quantity: 1 + i64::try_from(self.random.below(3)).expect("small"),
            money: Money::Untouched,
            stock: Stock::Untouched,
            confirmed: 0,
            cancelled: 0,
        });
        self.send(order, Command::ReserveStock);
        self.arm(order);
        if self.random.chance(30) {
            let by = if self.random.chance(50) { Reason::CancelledByCustomer } else { Reason::CancelledByAdmin };
            let delay = self.random.delay();
            self.at(self.now + delay, order, What::Shopper(Event::Cancel(Cancellation::new(by, ""))));
        }
    }

    fn at(&mut self, when: Timestamp, order: usize, what: What) {
        self.count += 1;
        self.happenings.insert(self.count, what);
        self.queue.push(Reverse((when.micros(), self.count, order)));
    }

    /// Puts something on a lane, after what is on it already; sometimes it comes twice.
    fn deliver(&mut self, order: usize, lane: &'static str, not_before: Timestamp, what: What) {
        let last = self.lanes.get(&(order, lane)).copied().unwrap_or(self.now);
        let when = (self.now + self.random.delay()).max(last).max(not_before);
        self.lanes.insert((order, lane), when);
        if self.random.chance(10) {
            self.at(when, order, what.clone());
        }
        self.at(when, order, what);
    }

    fn send(&mut self, order: usize, command: Command) {
        match command {
            Command::ReserveStock | Command::CommitStock | Command::ReleaseStock => {
                self.deliver(order, "to inventory", self.away[0], What::ToInventory(command));
            }
            Command::AuthorizePayment | Command::CapturePayment | Command::CancelPayment => {
                self.deliver(order, "to payment", self.away[1], What::ToPayment(command));
            }
        }
    }

    fn reply(&mut self, order: usize, lane: &'static str, event: Event) {
        self.deliver(order, lane, self.now, What::Reply(event));
    }

    fn arm(&mut self, order: usize) {
        if let Some(timer) = self.orders[order].saga.timer {
            self.at(timer.max(self.now), order, What::Timer);
        }
    }

    fn run(mut self) -> Vec<Purchase> {
        while let Some(Reverse((when, number, order))) = self.queue.pop() {
            self.now = Timestamp::from_micros(when);
            assert!(self.now < BEGIN + HORIZON, "order {order} never ends: {:?}", self.orders[order].saga);
            match self.happenings.remove(&number).expect("happens once") {
                What::ToInventory(command) => self.inventory(order, command),
                What::ToPayment(command) => self.payment(order, command),
                What::Reply(event) | What::Shopper(event) => self.step(order, &event),
                What::Timer => self.step(order, &Event::Due),
                What::BankAnswers => self.settle(order, Money::Asking),
                What::Reconcile => self.settle(order, Money::Unknown),
            }
            let held: i64 = self.orders.iter().filter(|order| order.holds_stock()).map(|order| order.quantity).sum();
            assert_eq!(self.available + held, UNITS, "no unit is promised twice or lost");
            assert!(self.available >= 0);
        }
        self.orders
    }

    fn step(&mut self, order: usize, event: &Event) {
        let saga = &self.orders[order].saga;
        let transition = saga.step(event, self.now, &self.patience).expect("nothing is shipped here");
        let Some(transition) = transition else { return };
        let purchase = &mut self.orders[order];
        purchase.saga = transition.next;
        purchase.confirmed += u32::from(transition.emission == Some(Emission::Confirmed));
        purchase.cancelled += u32::from(transition.emission == Some(Emission::Cancelled));
        if let Some(command) = transition.command {
            self.send(order, command);
        }
        self.arm(order);
    }

    fn inventory(&mut self, order: usize, command: Command) {
        let purchase = &mut self.orders[order];
        if let Stock::Held { until } = purchase.stock
            && until <= self.now
        {
            purchase.stock = Stock::Over;
            self.available += purchase.quantity;
        }
        let answer = match (command, purchase.stock) {
            (Command::ReserveStock, Stock::Untouched) if self.available >= purchase.quantity => {
                self.available -= purchase.quantity;
                purchase.stock = Stock::Held { until: BEGIN + Duration::from_secs(35 * 60) };
                Event::StockReserved
            }
            (Command::ReserveStock, Stock::Untouched | Stock::Over) => {
                let short = Shortage { sku: "A".into(), requested: purchase.quantity, available: self.available };
                Event::StockRejected(vec![short])
            }
            (Command::ReserveStock, Stock::Held { .. } | Stock::Sold) => Event::StockReserved,
            (Command::CommitStock, Stock::Held { .. } | Stock::Sold) => {
                purchase.stock = Stock::Sold;
                Event::StockCommitted
            }
            (Command::CommitStock, Stock::Untouched | Stock::Over) => Event::StockCommitFailed,
            (Command::ReleaseStock, stock) => {
                if matches!(stock, Stock::Held { .. } | Stock::Sold) {
                    self.available += purchase.quantity;
                    purchase.stock = Stock::Over;
                }
                Event::StockReleased
            }
            (Command::AuthorizePayment | Command::CapturePayment | Command::CancelPayment, _) => {
                unreachable!("not for inventory")
            }
        };
        self.reply(order, "from inventory", answer);
    }

    fn payment(&mut self, order: usize, command: Command) {
        let (card, money) = (self.orders[order].card, self.orders[order].money);
        match (command, money) {
            (Command::AuthorizePayment, Money::Untouched) => self.authorize(order, card),
            (Command::CapturePayment, Money::Held) if card == Card::RefusesCapture => {
                self.reply(order, "from payment", Event::PaymentFailed { reason: "CARD_DECLINED".into() });
            }
            (Command::CapturePayment, Money::Held) => {
                self.orders[order].money = Money::Taken;
                self.report(order);
            }
            (Command::CancelPayment, Money::Unknown) => {
                // Nothing is said before it is known; the reconciler answers, or the next time we are asked.
                self.settle(order, Money::Unknown);
                self.payment(order, Command::CancelPayment);
            }
            (Command::CancelPayment, money) => {
                let outcome = match money {
                    Money::Untouched | Money::Asking | Money::Declined | Money::Unknown => Outcome::NothingHeld,
                    Money::Held => Outcome::Voided,
                    Money::Taken => Outcome::Refunded,
                    Money::Over(outcome) => outcome,
                };
                self.orders[order].money = Money::Over(outcome);
                self.report(order);
            }
            _ => self.report(order),
        }
    }

    fn authorize(&mut self, order: usize, card: Card) {
        self.orders[order].money = match card {
            Card::Good | Card::RefusesCapture => Money::Held,
            Card::Declined => Money::Declined,
            Card::Asks { .. } => Money::Asking,
            Card::Silent { .. } => Money::Unknown,
        };
        self.report(order);
        let delay = self.random.delay();
        match card {
            Card::Asks { answers: true } => self.at(self.now + delay, order, What::BankAnswers),
            Card::Silent { .. } => self.at(self.now + delay, order, What::Reconcile),
            Card::Good | Card::Declined | Card::Asks { answers: false } | Card::RefusesCapture => {}
        }
    }

    /// What was open at the provider becomes known.
    fn settle(&mut self, order: usize, open: Money) {
        if self.orders[order].money != open {
            return;
        }
        let held = self.orders[order].card != Card::Silent { held: false };
        self.orders[order].money = if held { Money::Held } else { Money::Declined };
        self.report(order);
    }

    fn report(&mut self, order: usize) {
        let event = match self.orders[order].money {
            Money::Untouched => return,
            Money::Asking => Event::PaymentActionRequired { until: None },
            Money::Unknown => Event::PaymentUncertain,
            Money::Held => Event::PaymentAuthorized,
            Money::Taken => Event::PaymentCaptured { in_full: true },
            Money::Declined => Event::PaymentFailed { reason: "CARD_DECLINED".into() },
            Money::Over(outcome) => Event::PaymentCancelled(outcome),
        };
        self.reply(order, "from payment", event);
    }
}

impl Purchase {
    fn holds_stock(&self) -> bool {
        matches!(self.stock, Stock::Held { .. } | Stock::Sold)
    }

    fn check(&self) {
        let Self { saga, money, stock, .. } = self;
        assert!(saga.state.at_rest(), "has ended: {saga:?}");
        match saga.lifecycle() {
            Lifecycle::Confirmed => {
                assert_eq!((*money, *stock), (Money::Taken, Stock::Sold), "{saga:?}");
                assert_eq!((self.confirmed, self.cancelled), (1, 0), "{saga:?}");
                assert_eq!(saga.payment, PaymentStatus::Paid);
            }
            Lifecycle::Cancelled | Lifecycle::Expired => {
                assert!(matches!(money, Money::Untouched | Money::Declined | Money::Over(_)), "{money:?} {saga:?}");
                assert!(!self.holds_stock(), "{stock:?} {saga:?}");
                assert_eq!(self.cancelled, 1, "{saga:?}");
                assert_eq!(self.confirmed, u32::from(saga.confirmed_at.is_some()), "{saga:?}");
            }
            Lifecycle::Pending | Lifecycle::Completed => panic!("no such end: {saga:?}"),
        }
    }
}

#[test]
fn whatever_happens_stock_and_money_agree_with_the_orders() {
    let mut ends = BTreeMap::new();
    for seed in 0..SEEDS {
        let outcome = std::panic::catch_unwind(|| {
            let orders = World::new(seed).run();
            orders.iter().for_each(Purchase::check);
            orders.iter().map(|order| (order.saga.lifecycle().name(), order.saga.reason().map(Reason::name))).collect()
        });
        let ended: Vec<_> = outcome.unwrap_or_else(|_| panic!("seed {seed} fails; its panic is above"));
        for end in ended {
            *ends.entry(end).or_insert(0) += 1;
        }
    }
    // Every end that there is was seen, so the simulation exercises what it should.
    let seen: Vec<_> = ends.keys().copied().collect();
    assert_eq!(
        seen,
        [
            ("CANCELLED", Some("CANCELLED_BY_ADMIN")),
            ("CANCELLED", Some("CANCELLED_BY_CUSTOMER")),
            ("CANCELLED", Some("OUT_OF_STOCK")),
            ("CANCELLED", Some("PAYMENT_DECLINED")),
            ("CONFIRMED", None),
            ("EXPIRED", Some("TIMED_OUT")),
        ],
        "{ends:?}"
    );
}
