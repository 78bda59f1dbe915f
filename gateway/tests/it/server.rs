use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use service_kit::Tasks;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::harness::Edge;

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<Option<()>>,
}

async fn serve(edge: &Edge, drain: Duration) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("is bound");
    let stop = CancellationToken::new();
    let (gateway, shutdown) = (edge.gateway.clone(), stop.clone());
    let ended = Tasks::new().spawn("server", async move { gateway.serve(listener, shutdown, drain).await });
    Server { address, stop, ended }
}

async fn say(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(text.as_bytes()).await.expect("is written");
    let mut answer = String::new();
    // A peer that closes on what it has not read resets the connection.
    stream.read_to_string(&mut answer).await.ok();
    answer
}

#[tokio::test]
async fn http1_is_spoken() {
    let server = serve(&Edge::new(), Duration::from_secs(1)).await;
    let answer = say(server.address, "GET /v1/things/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"name":"things/a","title":"A thing","etag":"v1"}"#), "{answer}");
    let chunked = "POST /v1/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    assert!(say(server.address, chunked).await.ends_with("{}"));
}

#[tokio::test]
async fn heads_that_are_too_large_or_ambiguous_are_refused() {
    let server = serve(&Edge::new(), Duration::from_secs(1)).await;
    let headers: String = (0..200).map(|number| format!("h{number}: x\r\n")).collect();
    let answer = say(server.address, &format!("GET /health HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let smuggled = "POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}";
    assert!(say(server.address, smuggled).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_connection_that_never_speaks_does_not_hold_up_the_end() {
    let server = serve(&Edge::new(), Duration::from_millis(200)).await;
    let _silent = TcpStream::connect(server.address).await.expect("connects");
    let mut half = TcpStream::connect(server.address).await.expect("connects");
    half.write_all(b"GET /health HT").await.expect("is written");
    assert!(
        say(server.address, "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.contains("ready")
    );
    let begun = Instant::now();
    server.stop.cancel();
    timeout(Duration::from_secs(5), server.ended).await.expect("ends in time").expect("does not panic");
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn heads_that_do_not_arrive_are_not_waited_for() {
    let server = serve(&Edge::with(|config| config.head_seconds = 1), Duration::from_secs(1)).await;
    for said in ["", "PRI * HT", "GET /health HTTP/1.1\r\nhost"] {
        let begun = Instant::now();
        let answer = timeout(Duration::from_secs(10), say(server.address, said)).await.expect("is closed");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{said:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_call() {
    let edge = Edge::new();
    let server = serve(&edge, Duration::from_secs(1)).await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(b"GET /v1/things/hang HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("is written");
    let count = |counter: &AtomicUsize| (counter.load(Ordering::SeqCst) == 1).then_some(());
    testkit::eventually("the call arrives", async || count(&edge.upstream.made)).await;
    drop(stream);
    testkit::eventually("the call is cancelled", async || count(&edge.upstream.cancelled)).await;
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_others_to_close() {
    let server = serve(&Edge::with(|config| config.connections = 1), Duration::from_secs(1)).await;
    let first = TcpStream::connect(server.address).await.expect("connects");
    let second = say(server.address, "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut second = std::pin::pin!(second);
    assert!(timeout(Duration::from_millis(100), second.as_mut()).await.is_err());
    drop(first);
    assert!(timeout(Duration::from_secs(5), second).await.expect("is answered").contains("ready"));
}
