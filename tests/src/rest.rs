//! A small HTTP client that speaks JSON.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, Error as Unreachable, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// An HTTP client of one address, with headers that it sends each time.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    headers: HeaderMap,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON; null if there is none.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("is JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body as JSON of an answer that must be a success.
    ///
    /// # Panics
    /// If it is not.
    pub fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The stable reason of an error.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn reason(&self) -> String {
        self.error_info()["reason"].as_str().expect("an error has a reason").to_owned()
    }

    /// The `google.rpc.ErrorInfo` of an error.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn error_info(&self) -> Value {
        let json = self.json();
        let details = json["details"].as_array().unwrap_or_else(|| panic!("an error has details: {json}"));
        let info = details.iter().find(|detail| detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo");
        info.unwrap_or_else(|| panic!("an error has a reason: {json}")).clone()
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Rest {
    /// A client of the address.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, url: url.to_owned(), headers: HeaderMap::new() }
    }

    /// The same client with one more header.
    ///
    /// # Panics
    /// If the value is no header.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut rest = self.clone();
        rest.headers.insert(name, value.parse().expect("the value is a header"));
        rest
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Any method.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.try_send(method, path, body).await.expect("the server answers")
    }

    /// Any method; none if the server cannot be reached, or goes away before it has answered.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> Option<Reply> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let response = self.open(method, path, Bytes::from(body)).await.ok()?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Reply { status: head.status, headers: head.headers, body })
    }

    /// GET, with a body that comes in pieces.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn stream(&self, path: &str) -> http::Response<Incoming> {
        self.open(Method::GET, path, Bytes::new()).await.expect("the server answers")
    }

    async fn open(&self, method: Method, path: &str, body: Bytes) -> Result<http::Response<Incoming>, Unreachable> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if !body.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).expect("the path is one");
        self.client.request(request).await
    }
}
