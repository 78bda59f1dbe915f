//! Connections: HTTP/1.1 and HTTP/2 without TLS on one port, bounded in number, in time and in what each may ask.
//!
//! On shutdown no connection is accepted any more and open ones are asked to finish what they are at. Some never
//! do, because a peer that says nothing cannot be told from one that thinks, so the drain has a hard end.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{edge::Edge, metrics::CONNECTIONS};

/// What a client that knows HTTP/2 says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between looks at a preface that comes bit by bit, which honest clients do not send.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const MAX_HEADERS: usize = 100;
const MAX_HEADER_LIST: u32 = 16 * 1024;
const MAX_STREAMS: u32 = 200;
/// Streams that a peer opens and resets before they are looked at, and streams reset for its errors.
const MAX_RESETS: usize = 20;
const MAX_ERROR_RESETS: usize = 256;
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Out of file descriptors, most likely: let some close.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then drains for at most `drain`.
pub(crate) async fn serve(edge: Arc<Edge>, listener: TcpListener, shutdown: CancellationToken, drain: Duration) {
    let head = Duration::from_secs(edge.config.head_seconds);
    let builder = Arc::new(builder(head));
    let slots = Arc::new(Semaphore::new(edge.config.connections.min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        let slot = tokio::select! {
            slot = Arc::clone(&slots).acquire_owned() => slot.expect("the semaphore is never closed"),
            () = shutdown.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = converse(Arc::clone(&edge), Arc::clone(&builder), stream, peer, shutdown.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accept a connection");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    let drained = timeout(drain, async { while connections.join_next().await.is_some() {} }).await.is_ok();
    if !drained {
        tracing::warn!(connections = connections.len(), "connections did not finish in time and were closed");
    }
    connections.shutdown().await;
}

fn builder(head: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head).max_headers(MAX_HEADERS).max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .max_header_list_size(MAX_HEADER_LIST)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    builder
}

/// Waits until the peer has said enough to tell which HTTP it speaks: from there on hyper keeps the time. `false` if
/// it has left instead.
async fn spoken(stream: &TcpStream) -> bool {
    let mut said = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut said).await {
            Ok(0) | Err(_) => return false,
            Ok(length) if length < said.len() && PREFACE.starts_with(&said[..length]) => sleep(LOOK_AGAIN).await,
            Ok(_) => return true,
        }
    }
}

async fn converse(
    edge: Arc<Edge>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    stream: TcpStream,
    peer: SocketAddr,
    shutdown: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "set up a connection");
    }
    let head = Duration::from_secs(edge.config.head_seconds);
    let spoken = tokio::select! {
        spoken = timeout(head, spoken(&stream)) => spoken.unwrap_or(false),
        () = shutdown.cancelled() => false,
    };
    if !spoken {
        return;
    }
    metrics::gauge!(CONNECTIONS).increment(1.0);
    let service = service_fn(move |request: Request<Incoming>| {
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Infallible>(edge.answer(request.map(tonic::body::Body::new), peer).await) }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    metrics::gauge!(CONNECTIONS).decrement(1.0);
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
