//! Follows orders until they are final, each over a stream of its own.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use http::{HeaderValue, Uri, header};
use http_body_util::BodyExt;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time,
};

use crate::bench::{
    client::{Connection, get},
    latency::Latencies,
    load::Errors,
    market::text,
};

/// As many orders can be on their way at once.
const WATCHERS: usize = 128;
/// How long an order may take to become final.
const PATIENCE: Duration = Duration::from_secs(30);

/// An order that was accepted.
#[derive(Debug)]
pub(super) struct Placed {
    /// Its id.
    pub(super) order_id: String,
    /// The guest's token.
    pub(super) token: HeaderValue,
    /// When it was sent.
    pub(super) sent: Instant,
}

type Queue = Arc<Mutex<mpsc::UnboundedReceiver<Placed>>>;

/// Those who follow orders.
#[derive(Debug)]
pub(super) struct Watchers(JoinSet<Result<(Latencies, Errors)>>);

impl Watchers {
    /// Starts them; they end when the sender is gone.
    pub(super) fn start(address: SocketAddr) -> (Self, mpsc::UnboundedSender<Placed>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let queue = Arc::new(Mutex::new(receiver));
        let mut watchers = JoinSet::new();
        for _ in 0..WATCHERS {
            watchers.spawn(watch_all(address, Arc::clone(&queue)));
        }
        (Self(watchers), sender)
    }

    /// How long orders took from being sent to CONFIRMED, and what went wrong.
    ///
    /// # Errors
    /// The server is gone.
    pub(super) async fn finish(mut self) -> Result<(Latencies, Errors)> {
        let (mut latencies, mut errors) = (Latencies::default(), Errors::default());
        while let Some(watcher) = self.0.join_next().await {
            let (more, wrong) = watcher.context("a watcher panicked")??;
            latencies.append(more);
            errors.append(wrong);
        }
        Ok((latencies, errors))
    }
}

async fn watch_all(address: SocketAddr, queue: Queue) -> Result<(Latencies, Errors)> {
    let (mut latencies, mut errors) = (Latencies::default(), Errors::default());
    let mut connection = Connection::open(address).await?;
    loop {
        let next = queue.lock().await.recv().await;
        let Some(placed) = next else { return Ok((latencies, errors)) };
        if connection.closed() {
            connection = Connection::open(address).await?;
        }
        let watched = time::timeout(PATIENCE, watch(&mut connection, &placed)).await.context("wait for the order");
        match watched.and_then(|watched| watched) {
            Ok(confirmed) => latencies.push(confirmed - placed.sent),
            Err(error) => {
                errors.push(format!("{error:#}"));
                connection = Connection::open(address).await?;
            }
        }
    }
}

/// When the order became CONFIRMED.
async fn watch(connection: &mut Connection, placed: &Placed) -> Result<Instant> {
    let mut ask = get(Uri::try_from(format!("/api/v1/orders/{}:watch", placed.order_id))?);
    ask.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    ask.headers_mut().insert("x-order-token", placed.token.clone());
    let (head, mut body) = connection.stream(ask).await?.into_parts();
    if !head.status.is_success() {
        bail!("{}", head.status);
    }
    let (mut lines, mut confirmed) = (Lines::default(), None);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        for event in lines.push(&data) {
            let Some(event) = event.strip_prefix("data:") else { continue };
            let order: serde_json::Value = serde_json::from_str(event.trim())?;
            match text(&order["lifecycle"]).as_str() {
                "PENDING" => {}
                "CONFIRMED" => confirmed = confirmed.or_else(|| Some(Instant::now())),
                other => bail!("an order became {other}: {order}"),
            }
        }
    }
    confirmed.context("the stream ended before the order was CONFIRMED")
}

/// Puts pieces together to lines.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    /// The lines that are whole now.
    fn push(&mut self, data: &[u8]) -> Vec<String> {
        self.0.push_str(&String::from_utf8_lossy(data));
        let Some(end) = self.0.rfind('\n') else { return Vec::new() };
        let rest = self.0.split_off(end + 1);
        std::mem::replace(&mut self.0, rest).lines().map(ToOwned::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"data: {\"a\""), [""; 0]);
        assert_eq!(lines.push(b":1}\n\ndata: {"), ["data: {\"a\":1}", ""]);
        assert_eq!(lines.push(b"}\n"), ["data: {}"]);
    }
}
