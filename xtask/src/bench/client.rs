//! An HTTP client with one connection, which it keeps.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinSet};

/// What is sent.
pub(crate) type Ask = Request<Full<Bytes>>;

/// What comes back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("read as JSON: {}", self.excerpt()))
    }

    /// The body as JSON of an answer that must be a success.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn ok(&self) -> Result<Value> {
        if !self.status.is_success() {
            bail!("{}", self.excerpt());
        }
        self.json()
    }

    /// The status and how the body begins.
    pub(crate) fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let begin: String = text.chars().take(300).collect();
        format!("{} {begin}", self.status.as_u16())
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    // Moves the bytes; ends with this value.
    _driver: JoinSet<()>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        // How a connection ends is seen by whoever waits for an answer.
        driver.spawn(async move { drop(connection.await) });
        Ok(Self { sender, _driver: driver })
    }

    /// Whether nothing can be sent any more.
    pub(crate) fn closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends, and takes the whole answer.
    ///
    /// # Errors
    /// The connection ends before.
    pub(crate) async fn send(&mut self, ask: Ask) -> Result<Reply> {
        let (head, body) = self.stream(ask).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    /// Sends; the body of the answer comes in pieces.
    ///
    /// # Errors
    /// The connection ends before.
    pub(crate) async fn stream(&mut self, ask: Ask) -> Result<Response<Incoming>> {
        self.sender.ready().await?;
        Ok(self.sender.send_request(ask).await?)
    }
}

/// Asks for something.
pub(crate) fn get(path: Uri) -> Ask {
    ask(Method::GET, path, Bytes::new())
}

/// Sends JSON.
pub(crate) fn post(path: Uri, body: &Value) -> Ask {
    ask(Method::POST, path, Bytes::from(body.to_string()))
}

/// Sends JSON that changes something.
pub(crate) fn patch(path: Uri, body: &Value) -> Ask {
    ask(Method::PATCH, path, Bytes::from(body.to_string()))
}

fn ask(method: Method, path: Uri, body: Bytes) -> Ask {
    let json = !body.is_empty();
    let mut ask = Request::new(Full::new(body));
    *ask.method_mut() = method;
    *ask.uri_mut() = path;
    ask.headers_mut().insert(header::HOST, header::HeaderValue::from_static("localhost"));
    if json {
        ask.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    }
    ask
}

/// The text as it is written in a query.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("%{byte:02X}")),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::testing;

    #[test]
    fn what_is_no_name_is_quoted() {
        assert_eq!(quote("hp laptop 15\""), "hp%20laptop%2015%22");
        assert_eq!(quote("é~"), "%C3%A9~");
    }

    #[tokio::test]
    async fn one_connection_serves_many_requests() {
        let server = testing::Server::start(|path| (200, format!("{{\"path\":\"{path}\"}}"))).await;
        let mut connection = Connection::open(server.address).await.expect("connects");
        for path in ["/a", "/b?c=d"] {
            let reply = connection.send(get(Uri::from_static(path))).await.expect("answers");
            assert_eq!(reply.ok().expect("is a success")["path"], path);
        }
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn an_error_is_told_with_its_body() {
        let server = testing::Server::start(|_| (503, "busy".into())).await;
        let mut connection = Connection::open(server.address).await.expect("connects");
        let reply = connection.send(post(Uri::from_static("/"), &serde_json::json!({}))).await.expect("answers");
        assert_eq!(reply.ok().expect_err("is an error").to_string(), "503 busy");
    }
}
