//! Following an order: a stream of its states.
//!
//! A change that this process commits wakes the order's watchers at once; a change of another process is found by
//! looking again now and then. What changed twice in between is told once, as it is then.

mod watchers;

use std::{sync::Arc, time::Duration};

use db::Db;
use futures::{Stream, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use ultramarket_api::order::v1 as pb;

pub(crate) use watchers::{Watch, Watchers};

use crate::{
    Error,
    domain::order::{Line, OrderId},
    store::orders,
    wire,
};

/// What a stream needs to know.
pub(crate) struct Following {
    pub(crate) db: Db,
    pub(crate) id: OrderId,
    pub(crate) watch: Watch,
    /// How often to look for changes of other processes.
    pub(crate) poll: Duration,
    /// The deadline of the call.
    pub(crate) until: Instant,
    /// The process stops.
    pub(crate) stop: CancellationToken,
}

/// A stream on its way.
struct Progress {
    following: Following,
    /// The version that was told last.
    told: Option<i64>,
    lines: Option<Arc<[Line]>>,
    ended: bool,
}

impl Following {
    /// The order now and after every change, until it is at rest, the deadline passes or the process stops.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<pb::Order, Status>> + Send + 'static {
        let begin = Progress { following: self, told: None, lines: None, ended: false };
        stream::unfold(begin, |mut progress| async move {
            if progress.ended {
                return None;
            }
            let next = progress.next().await;
            progress.ended |= next.is_err();
            Some((next.map_err(Status::from), progress))
        })
    }
}

impl Progress {
    async fn next(&mut self) -> Result<pb::Order, Error> {
        loop {
            self.following.watch.expect();
            if let Some(order) = self.read().await? {
                return Ok(order);
            }
            let Following { watch, poll, until, stop, .. } = &mut self.following;
            tokio::select! {
                () = watch.changed() => {}
                () = tokio::time::sleep(*poll) => {}
                () = tokio::time::sleep_until(*until) => return Err(service_kit::Error::DeadlineExceeded.into()),
                () = stop.cancelled() => return Err(service_kit::Error::Unavailable { what: "the order service" }.into()),
            }
        }
    }

    /// The order, if it differs from what was told last.
    async fn read(&mut self) -> Result<Option<pb::Order>, Error> {
        let reader = self.following.db.reader();
        let order = orders::find(reader, self.following.id).await?.ok_or(Error::OrderNotFound)?;
        if self.told == Some(order.version) {
            return Ok(None);
        }
        let lines = match &self.lines {
            Some(lines) => Arc::clone(lines),
            None => orders::lines(reader, &order).await?.into(),
        };
        self.told = Some(order.version);
        self.ended = order.saga.state.at_rest();
        let told = wire::order::order(&order, &lines);
        self.lines = Some(lines);
        Ok(Some(told))
    }
}
