//! Measures what a transaction and an event cost: `cargo run --release -p db --example throughput`.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bus::{Bus, HandleError, Handler, InProcess, Message, Subscription};
use db::{Apply, Db, Durability, Error, Inbox, Migrator, Options, Relay, Tx, idempotency, migrations_of_messaging};
use futures::{FutureExt, future::join_all};
use kernel::{Ids, SystemClock, SystemIds};
use sea_orm::{ConnectionTrait, Statement, Value};
use tokio_util::sync::CancellationToken;

#[derive(Clone, PartialEq, prost::Message)]
struct Changed {
    #[prost(string, tag = "1")]
    text: String,
}

impl prost::Name for Changed {
    const NAME: &'static str = "Changed";
    const PACKAGE: &'static str = "example.v1";
}

const KIND: &str = "example.v1.Changed";
const EVENTS: usize = 20_000;

fn sql<const N: usize>(db: &impl ConnectionTrait, text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), text, values)
}

/// Reads a row, writes it and emits an event: an item is added to a cart.
async fn add(tx: &Tx, name: &str) -> Result<(), Error> {
    let row = tx.query_one_raw(sql(tx, "SELECT count FROM notes WHERE name = $1", [name.into()])).await?;
    let count = row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? + 1;
    let write = "INSERT INTO notes (name, count) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET count = $2";
    tx.execute_raw(sql(tx, write, [name.into(), count.into()])).await?;
    tx.emit(name, &Changed { text: name.to_owned() }).await
}

struct Counter;

#[async_trait]
impl Apply for Counter {
    type Error = Error;

    fn kinds(&self) -> Vec<String> {
        vec![KIND.to_owned()]
    }

    async fn apply(&self, tx: &Tx, message: &Message) -> Result<(), Error> {
        let write = "INSERT INTO notes (name, count) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1";
        tx.execute_raw(sql(tx, write, [message.aggregate.as_str().into()])).await?;
        Ok(())
    }
}

#[derive(Default)]
struct Plain(AtomicUsize);

#[async_trait]
impl Handler for Plain {
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        self.0.fetch_add(messages.len(), Ordering::SeqCst);
        Ok(())
    }

    async fn park(&self, _: &Message, _: &HandleError) -> Result<(), HandleError> {
        Ok(())
    }
}

async fn open(folder: &std::path::Path, name: &str, durability: Durability) -> Result<Db, Error> {
    let url = format!("sqlite://{}", folder.join(format!("{name}.db")).display());
    let options = Options { durability, ..Options::new(name) };
    let db = Db::open(&url, options, Arc::new(SystemClock), Arc::new(SystemIds)).await?;
    Migrator::new(&db, migrations_of_messaging()).up().await?;
    let table = "CREATE TABLE notes (name TEXT PRIMARY KEY, count BIGINT NOT NULL)";
    db.write(|tx| async move { Ok::<_, Error>(tx.execute_unprepared(table).await.map(drop)?) }.boxed()).await?;
    Ok(db)
}

/// The processor time of this process: user and system, in ticks of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

async fn measure<T>(what: &str, count: usize, work: impl Future<Output = T>) -> T {
    let (started, before) = (Instant::now(), processor_time());
    let result = work.await;
    let (elapsed, used) = (started.elapsed(), processor_time().saturating_sub(before));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    println!(
        "{what}: {:.2} s, {:.0} µs each, {:.0} µs of processor each",
        elapsed.as_secs_f64(),
        each(elapsed),
        each(used)
    );
    result
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("db-throughput-{}", SystemIds.uuid()));
    for (name, durability) in [("full", Durability::Full), ("normal", Durability::Normal)] {
        let db = open(&folder, name, durability).await?;
        const WRITES: usize = 3000;
        measure(&format!("{name}: transactions one by one"), WRITES, async {
            for n in 0..WRITES {
                let name = format!("n{}", n % 100);
                db.write(|tx| add(tx, &name).boxed()).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
        measure(&format!("{name}: transactions, 32 at once"), WRITES, async {
            let writers = (0..32).map(|writer| {
                let db = &db;
                async move {
                    let name = format!("w{writer}");
                    for _ in 0..WRITES / 32 {
                        db.write(|tx| add(tx, &name).boxed()).await?;
                    }
                    Ok::<_, Error>(())
                }
            });
            join_all(writers).await.into_iter().collect::<Result<Vec<()>, _>>()
        })
        .await?;
        measure(&format!("{name}: idempotency keys begun"), WRITES, async {
            for n in 0..WRITES {
                let (principal, method) = ("ann".to_owned(), "Place".to_owned());
                let key = idempotency::Key { principal, method, key: n.to_string(), fingerprint: [0; 32] };
                drop(idempotency::begin(&db, &key).await);
            }
        })
        .await;
        measure(&format!("{name}: reads one by one"), WRITES, async {
            for _ in 0..WRITES {
                let read = sql(db.reader(), "SELECT count FROM notes WHERE name = $1", ["n1".into()]);
                db.reader().query_one_raw(read).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;

        let (sender, receiver) = (
            open(&folder, &format!("{name}-sender"), durability).await?,
            open(&folder, &format!("{name}-receiver"), durability).await?,
        );
        let text = "x".repeat(2000);
        let events =
            || (0..EVENTS).map(|n| (format!("product-{n}"), Changed { text: text.clone() })).collect::<Vec<_>>();
        measure(&format!("{name}: {EVENTS} events of 2 KB emitted"), EVENTS, async {
            for chunk in events().chunks(500) {
                sender.write(|tx| tx.emit_all(chunk.iter().cloned()).boxed()).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
        let (bus, plain) = (Arc::new(InProcess::default()), Arc::new(Plain::default()));
        let inbox = Inbox::new(receiver.clone(), "inbox", Arc::new(Counter)).subscription();
        bus.subscribe(inbox).await.expect("the first");
        let subscription = Subscription { consumer: "plain", kinds: vec![KIND.to_owned()], handler: plain.clone() };
        bus.subscribe(subscription).await.expect("another");
        measure(&format!("{name}: {EVENTS} events relayed to an inbox and a handler"), EVENTS, async {
            let cancel = CancellationToken::new();
            let waiting = "SELECT COUNT(*) FROM outbox WHERE published_at IS NULL AND parked_at IS NULL";
            let watch = async {
                loop {
                    let row = sender.reader().query_one_raw(sql(sender.reader(), waiting, [])).await?;
                    if row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? == 0 {
                        cancel.cancel();
                        return Ok::<_, Error>(());
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::join!(Relay::new(sender.clone(), bus).run(cancel.clone()), watch).1
        })
        .await?;
        assert_eq!(plain.0.load(Ordering::SeqCst), EVENTS, "each event once");
        for db in [db, sender, receiver] {
            db.close().await;
        }
    }
    drop(std::fs::remove_dir_all(folder));
    Ok(())
}
