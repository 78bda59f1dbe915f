//! Moves events from the outbox to the bus, in order within an aggregate.
//!
//! Passes go over the waiting rows from the oldest, several batches are published at once, and an aggregate is in at
//! most one of them. A row that failed waits, longer each time, and holds back later rows of its aggregate only; one
//! that the bus refuses again and again is parked. Published rows are marked a moment later, many at once: a process
//! that is killed in between publishes them again, and inboxes know them.
//! One relay runs per database.

use std::{collections::HashSet, time::Duration};

use bus::{Message, SharedBus};
use futures::{
    StreamExt,
    future::{BoxFuture, FutureExt},
    stream::FuturesUnordered,
};
use kernel::Timestamp;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::rows::{self, Failure, Row};
use crate::{Db, Error, metrics::OUTBOX_LAG_SECONDS};

/// How many rows are read at once, fewer while they hold more than so many bytes.
const PAGE: usize = 128;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How many batches are published at once.
const BATCHES: usize = 4;
/// How long a published row waits for others to be marked with it.
const MARK_AFTER: Duration = Duration::from_millis(20);
/// How often to look without having been woken.
const POLL: Duration = Duration::from_secs(1);
/// How often to look for parked rows that an operator released.
const POLL_PARKED: Duration = Duration::from_secs(30);
/// How long the end waits for batches that are being published.
const DRAIN: Duration = Duration::from_secs(5);

/// Publishes what the transactions of one database emitted.
#[derive(Debug)]
pub struct Relay {
    db: Db,
    bus: SharedBus,
}

impl Relay {
    /// A relay from `db` to `bus`. Run it when all consumers in this process have subscribed.
    #[must_use]
    pub fn new(db: Db, bus: SharedBus) -> Self {
        Self { db, bus }
    }

    /// Publishes until `cancel`; then finishes what is being published, within a few seconds, and returns.
    pub async fn run(self, cancel: CancellationToken) {
        let mut work = Work::new(&self);
        let (mut poll, mut poll_parked) = (time::interval(POLL), time::interval(POLL_PARKED));
        poll.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            work.start_what_is_due();
            tokio::select! {
                () = cancel.cancelled() => break,
                Some(done) = work.running.next() => work.settle(done),
                () = self.db.emitted().notified() => work.look = true,
                () = at(work.look_at) => (work.look, work.look_at) = (true, None),
                () = at(work.mark_at) => work.start_marking(),
                _ = poll.tick() => {
                    self.db.report_pools();
                    work.poll();
                }
                _ = poll_parked.tick() => work.load_parked(),
            }
        }
        if time::timeout(DRAIN, work.drain()).await.is_err() {
            tracing::warn!(db.service = self.db.service(), "relay stopped before the bus had taken everything");
        }
    }

    async fn perform(&self, task: Task) -> Done {
        match task {
            Task::Read { after, limit } => Done::Read { limit, rows: rows::page(&self.db, after, limit).await },
            Task::Publish(rows) => Done::Published(self.publish(rows).await),
            Task::Mark(seqs) => Done::Marked { result: rows::mark(&self.db, &seqs).await, seqs },
            Task::LoadParked { version } => Done::ParkedLoaded { version, result: rows::parked(&self.db).await },
        }
    }

    async fn publish(&self, rows: Vec<Row>) -> Published {
        let (seqs, messages): (Vec<i64>, Vec<Message>) = rows.into_iter().map(|row| (row.seq, row.message)).unzip();
        let answers = self.bus.publish(&messages).await;
        let mut published = Published::default();
        for ((seq, message), answer) in seqs.iter().zip(&messages).zip(answers) {
            match answer {
                Ok(()) => published.seqs.push(*seq),
                Err(error) => published.failures.extend(Failure::new(*seq, message, &error)),
            }
        }
        if !published.failures.is_empty() {
            rows::report(self.db.service(), &published.failures);
            if let Err(error) = rows::store_failures(&self.db, &published.failures).await {
                warn(&self.db, &error, "failures of the outbox were not stored");
            }
        }
        published.aggregates = messages.into_iter().map(|message| message.aggregate).collect();
        published
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn warn(db: &Db, error: &Error, what: &'static str) {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(db.service = db.service(), error = %error, cause, "{what}");
}

enum Task {
    Read { after: i64, limit: usize },
    Publish(Vec<Row>),
    Mark(Vec<i64>),
    LoadParked { version: u32 },
}

enum Done {
    Read { limit: usize, rows: Result<Vec<Row>, Error> },
    Published(Published),
    Marked { seqs: Vec<i64>, result: Result<(), Error> },
    ParkedLoaded { version: u32, result: Result<HashSet<String>, Error> },
}

/// How a batch ended.
#[derive(Default)]
struct Published {
    aggregates: HashSet<String>,
    seqs: Vec<i64>,
    failures: Vec<Failure>,
}

/// One walk over the waiting rows, from the oldest.
#[derive(Default)]
struct Pass {
    /// The last row it has seen.
    after: i64,
    /// Aggregates with an earlier row that was not sent: later rows must not overtake it.
    blocked: HashSet<String>,
    /// When the oldest row that waits was emitted.
    oldest: Option<Timestamp>,
}

/// What a relay is doing.
struct Work<'a> {
    relay: &'a Relay,
    running: FuturesUnordered<BoxFuture<'a, Done>>,
    /// A pass is wanted, at once or at a time.
    look: bool,
    look_at: Option<Instant>,
    pass: Option<Pass>,
    reading: bool,
    limit: usize,
    /// The aggregates of the batches that are being published.
    in_flight: HashSet<String>,
    batches: usize,
    /// Rows were passed over because their aggregate was in flight.
    passed_over: bool,
    /// Rows that are published and that a page may still show as waiting.
    published: HashSet<i64>,
    /// Those of them that are marked: forgotten once no page is being read that may be older than that.
    marked: Vec<i64>,
    mark_next: Vec<i64>,
    mark_at: Option<Instant>,
    marking: bool,
    /// Aggregates with a parked row; `None` while that is not known.
    parked: Option<HashSet<String>>,
    /// How often a row was parked.
    parked_version: u32,
}

impl<'a> Work<'a> {
    fn new(relay: &'a Relay) -> Self {
        Self {
            relay,
            running: FuturesUnordered::new(),
            look: true,
            look_at: None,
            pass: None,
            reading: false,
            limit: PAGE,
            in_flight: HashSet::new(),
            batches: 0,
            passed_over: false,
            published: HashSet::new(),
            marked: Vec::new(),
            mark_next: Vec::new(),
            mark_at: None,
            marking: false,
            parked: None,
            parked_version: 0,
        }
    }

    fn go(&mut self, task: Task) {
        self.running.push(self.relay.perform(task).boxed());
    }

    fn poll(&mut self) {
        self.look = true;
        if self.parked.is_none() {
            self.load_parked();
        }
        // A pass that takes this long is stuck behind the bus.
        if let Some(pass) = &self.pass {
            self.report_lag(pass);
        }
    }

    fn report_lag(&self, pass: &Pass) {
        let db = &self.relay.db;
        let lag = pass.oldest.map_or(Duration::ZERO, |oldest| db.clock().now().since(oldest));
        metrics::gauge!(OUTBOX_LAG_SECONDS, "service" => db.service().to_owned()).set(lag.as_secs_f64());
    }

    fn load_parked(&mut self) {
        self.go(Task::LoadParked { version: self.parked_version });
    }

    /// Begins or continues a pass when there is room for a batch.
    fn start_what_is_due(&mut self) {
        if self.reading || self.batches == BATCHES || self.parked.is_none() {
            return;
        }
        if self.pass.is_none() && self.look {
            (self.look, self.passed_over, self.pass) = (false, false, Some(Pass::default()));
        }
        if let Some(pass) = &self.pass {
            let task = Task::Read { after: pass.after, limit: self.limit };
            self.reading = true;
            self.go(task);
        }
    }

    fn start_marking(&mut self) {
        self.mark_at = None;
        if self.marking {
            return;
        }
        self.marking = true;
        let seqs = std::mem::take(&mut self.mark_next);
        self.go(Task::Mark(seqs));
    }

    fn settle(&mut self, done: Done) {
        let db = &self.relay.db;
        match done {
            Done::Read { limit, rows } => {
                self.reading = false;
                match rows {
                    Ok(rows) => self.take(limit, rows),
                    Err(error) => {
                        // The next poll begins a new pass.
                        warn(db, &error, "the outbox was not read");
                        self.pass = None;
                    }
                }
                self.forget_marked();
            }
            Done::Published(published) => self.settle_batch(published),
            Done::Marked { seqs, result } => {
                self.marking = false;
                match result {
                    Ok(()) => self.marked.extend(seqs),
                    Err(error) => {
                        warn(db, &error, "published events were not marked");
                        self.mark_next.extend(seqs);
                    }
                }
                self.forget_marked();
                self.mark_later();
            }
            Done::ParkedLoaded { result: Err(error), .. } => warn(db, &error, "parked events were not read"),
            // What was read before another row was parked is out of date.
            Done::ParkedLoaded { version, result: Ok(parked) } => {
                if version == self.parked_version {
                    self.parked = Some(parked);
                }
            }
        }
    }

    /// Takes from a page what may be published now.
    fn take(&mut self, limit: usize, rows: Vec<Row>) {
        let Some(mut pass) = self.pass.take() else { return };
        let complete = rows.len() < limit;
        let now = self.relay.db.clock().now();
        let mut batch = Vec::with_capacity(rows.len());
        let mut bytes = 0;
        for row in rows {
            pass.after = row.seq;
            bytes += row.message.payload.len();
            if self.published.contains(&row.seq) {
                continue;
            }
            pass.oldest = pass.oldest.or(Some(row.message.created_at));
            let aggregate = &row.message.aggregate;
            if pass.blocked.contains(aggregate) || self.parked.as_ref().is_some_and(|parked| parked.contains(aggregate))
            {
                continue;
            }
            let in_flight = self.in_flight.contains(aggregate);
            if in_flight || row.available_at > now {
                self.passed_over |= in_flight;
                pass.blocked.insert(aggregate.clone());
                continue;
            }
            batch.push(row);
        }
        self.limit = if bytes > PAGE_BYTES { (self.limit / 2).max(1) } else { (self.limit * 2).min(PAGE) };
        if complete {
            self.report_lag(&pass);
        } else {
            self.pass = Some(pass);
        }
        if !batch.is_empty() {
            self.in_flight.extend(batch.iter().map(|row| row.message.aggregate.clone()));
            self.batches += 1;
            self.go(Task::Publish(batch));
        }
    }

    fn settle_batch(&mut self, published: Published) {
        self.batches -= 1;
        for aggregate in &published.aggregates {
            self.in_flight.remove(aggregate);
        }
        for failure in published.failures {
            let retry_at = Instant::now() + failure.wait;
            self.look_at = Some(self.look_at.map_or(retry_at, |at| at.min(retry_at)));
            if let Some(pass) = &mut self.pass {
                pass.blocked.insert(failure.aggregate.clone());
            }
            if let Some(parked) = self.parked.as_mut().filter(|_| failure.parked) {
                self.parked_version += 1;
                parked.insert(failure.aggregate);
            }
        }
        self.look |= self.passed_over;
        self.published.extend(&published.seqs);
        self.mark_next.extend(published.seqs);
        self.mark_later();
    }

    fn forget_marked(&mut self) {
        if !self.reading {
            for seq in self.marked.drain(..) {
                self.published.remove(&seq);
            }
        }
    }

    fn mark_later(&mut self) {
        if !self.mark_next.is_empty() && self.mark_at.is_none() && !self.marking {
            self.mark_at = Some(Instant::now() + MARK_AFTER);
        }
    }

    /// Waits for the batches that are being published and marks what they published.
    async fn drain(&mut self) {
        (self.look, self.pass) = (false, None);
        while let Some(done) = self.running.next().await {
            self.settle(done);
            if self.running.is_empty() && !self.mark_next.is_empty() {
                self.start_marking();
            }
        }
        // Nothing ran, but rows may wait to be marked.
        if !self.mark_next.is_empty() {
            self.start_marking();
            while let Some(done) = self.running.next().await {
                self.settle(done);
            }
        }
    }
}
