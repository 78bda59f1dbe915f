//! A server that is trivial.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

type Answer = dyn Fn(&str) -> (u16, String) + Send + Sync;

/// Answers each path with a status and a body, after a while.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _accepting: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::slow(Duration::ZERO, answer).await
    }

    pub(crate) async fn slow(delay: Duration, answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let (counter, answer): (_, Arc<Answer>) = (Arc::clone(&connections), Arc::new(answer));
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut serving = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("accepts");
                counter.fetch_add(1, Ordering::Relaxed);
                serving.spawn(serve(stream, delay, Arc::clone(&answer)));
            }
        });
        Self { address, connections, _accepting: accepting }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(stream: TcpStream, delay: Duration, answer: Arc<Answer>) {
    let mut stream = BufStream::new(stream);
    while let Some((path, length)) = head(&mut stream).await {
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("the body comes");
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let (status, body) = answer(&path);
        let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(reply.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// The path and the length of the body; nothing when the client is gone.
async fn head(stream: &mut BufStream<TcpStream>) -> Option<(String, usize)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.to_ascii_lowercase());
    }
    let path = lines[0].split(' ').nth(1)?.to_owned();
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length:"));
    Some((path, length.map_or(0, |length| length.trim().parse().expect("a length"))))
}
