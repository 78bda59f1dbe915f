//! Following an order: a stream of its states.
//!
//! A change that this process commits wakes the order's watchers at once; a change of another process is found by
//! looking again now and then. What changed twice in between is told once, as it is then.
//! Each stream is fed by a task of its own, so a client that reads slowly holds no connection of the database.

mod watchers;

use std::time::Duration;

use db::Db;
use service_kit::Tasks;
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use ultramarket_api::order::v1 as pb;

pub(crate) use watchers::{Watch, Watchers};

use crate::{
    Error,
    domain::order::{Line, OrderId},
    store::orders,
    wire,
};

/// How many states may wait for a client: one, and why the stream ended.
const WAITING: usize = 2;

/// The states of an order, as they come.
pub(crate) type States = ReceiverStream<Result<pb::Order, Status>>;

/// What a stream needs to know.
pub(crate) struct Following {
    pub(crate) db: Db,
    pub(crate) id: OrderId,
    pub(crate) watch: Watch,
    /// How often to look for changes of other processes.
    pub(crate) poll: Duration,
    /// The deadline of the call.
    pub(crate) until: Instant,
}

impl Following {
    /// The order now and after every change, until it is at rest, the deadline passes or the process stops.
    pub(crate) fn start(self, tasks: &Tasks) -> States {
        let (sender, receiver) = mpsc::channel(WAITING);
        let stop = tasks.draining();
        let feed = async move {
            let until = self.until;
            let ended = tokio::select! {
                ended = self.tell(&sender) => ended,
                () = tokio::time::sleep_until(until) => Err(service_kit::Error::DeadlineExceeded.into()),
                () = stop.cancelled() => Err(service_kit::Error::Unavailable { what: "the order service" }.into()),
                () = sender.closed() => Ok(()),
            };
            if let Err(error) = ended {
                // A client that reads so slowly that there is no room misses why it ended.
                drop(sender.try_send(Err(error.into())));
            }
        };
        drop(tasks.spawn("watch order", feed));
        ReceiverStream::new(receiver)
    }

    async fn tell(mut self, sender: &mpsc::Sender<Result<pb::Order, Status>>) -> Result<(), Error> {
        let mut told = None;
        let mut lines: Option<Vec<Line>> = None;
        loop {
            self.watch.expect();
            let reader = self.db.reader();
            let order = orders::find(reader, self.id).await?.ok_or(Error::OrderNotFound)?;
            if told != Some(order.version) {
                told = Some(order.version);
                let lines = match &mut lines {
                    Some(lines) => lines,
                    none => none.insert(orders::lines(reader, &order).await?),
                };
                let listening = sender.send(Ok(wire::order::order(&order, lines))).await.is_ok();
                if order.saga.state.at_rest() || !listening {
                    return Ok(());
                }
            }
            tokio::select! {
                () = self.watch.changed() => {}
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }
}
