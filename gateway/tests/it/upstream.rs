//! The service behind the edge: says back what it is told, or fails as its request asks.

use std::{
    collections::{BTreeMap, HashMap},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kernel::{Classify, Kind};
use prost::Message;
use service_kit::Rpc;
use tonic::{Status, body::Body};
use tower::{service_fn, util::BoxCloneSyncService};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Thing {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) title: String,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(crate) labels: BTreeMap<String, String>,
    #[prost(string, tag = "7")]
    pub(crate) etag: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Named {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Update {
    #[prost(message, optional, tag = "1")]
    thing: Option<Thing>,
}

#[derive(Clone, PartialEq, Message)]
struct SetLabels {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(btree_map = "string, string", tag = "2")]
    labels: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct Import {
    #[prost(string, tag = "1")]
    batch: String,
    #[prost(message, optional, tag = "2")]
    thing: Option<Thing>,
}

#[derive(Clone, PartialEq, Message)]
struct Imported {
    #[prost(int32, tag = "1")]
    count: i32,
    #[prost(string, repeated, tag = "2")]
    names: Vec<String>,
    #[prost(string, tag = "3")]
    batch: String,
}

#[derive(Clone, PartialEq, Message)]
struct HttpBody {
    #[prost(string, tag = "1")]
    content_type: String,
    #[prost(bytes = "bytes", tag = "2")]
    data: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Upload {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    content: Option<HttpBody>,
}

/// An error of the service.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
struct Refusal(Kind, &'static str);

impl Classify for Refusal {
    fn kind(&self) -> Kind {
        self.0
    }

    fn reason(&self) -> &'static str {
        self.1
    }
}

/// What the service was asked, and what became of its streams.
#[derive(Clone, Default)]
pub(crate) struct Upstream {
    /// The headers of the last call.
    pub(crate) seen: Arc<Mutex<HeaderMap>>,
    /// Streams of replies that were given up by their reader.
    pub(crate) cancelled: Arc<AtomicUsize>,
    /// Messages of endless streams that were made.
    pub(crate) made: Arc<AtomicUsize>,
    /// Messages of request streams that have arrived.
    pub(crate) arrived: Arc<AtomicUsize>,
}

type Items = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;

impl Upstream {
    pub(crate) fn services(&self) -> HashMap<String, Rpc> {
        let upstream = self.clone();
        let rpc = BoxCloneSyncService::new(service_fn(move |request| upstream.clone().answer(request)));
        HashMap::from([("everything.v1.ThingService".to_owned(), rpc)])
    }

    pub(crate) fn saw(&self, name: &str) -> Option<String> {
        let seen = self.seen.lock().expect("nobody panics with it");
        seen.get(name).map(|value| value.to_str().expect("is text").to_owned())
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        *self.seen.lock().expect("nobody panics with it") = request.headers().clone();
        let path = request.uri().path().to_owned();
        let method = path.rsplit('/').next().unwrap_or_default().to_owned();
        let messages = framed(request.into_body());
        Ok(match self.reply(&method, messages).await {
            Ok(items) => reply(items),
            Err(status) => status.into_http(),
        })
    }

    async fn reply(&self, method: &str, mut messages: Items) -> Result<Items, Status> {
        if method == "Converse" {
            return Ok(messages);
        }
        if method == "ImportThings" {
            return self.import(messages).await;
        }
        let request = messages.next().await.unwrap_or_else(|| Ok(Vec::new()))?;
        let one = |message: Vec<u8>| -> Result<Items, Status> { Ok(Box::pin(stream::iter([Ok(message)]))) };
        match method {
            "UpdateThing" => {
                let mut thing = Update::decode(request.as_slice()).expect("is one").thing.unwrap_or_default();
                if !thing.etag.is_empty() && thing.etag != "v1" {
                    return Err(service_kit::status(Refusal(Kind::Aborted, "ETAG_MISMATCH")));
                }
                "v2".clone_into(&mut thing.etag);
                one(thing.encode_to_vec())
            }
            "SetLabels" => {
                let SetLabels { name, labels } = SetLabels::decode(request.as_slice()).expect("is one");
                one(Thing { name, labels, ..Thing::default() }.encode_to_vec())
            }
            "Upload" => {
                one(Upload::decode(request.as_slice()).expect("is one").content.unwrap_or_default().encode_to_vec())
            }
            "DeleteThing" | "Internal" => one(Vec::new()),
            "GetThing" => one(self.thing(&named(&request)).await?.encode_to_vec()),
            "WatchThing" => self.watch(&named(&request)),
            "Download" => {
                let piece =
                    |data: &'static [u8]| HttpBody { content_type: "image/x".into(), data: Bytes::from_static(data) };
                let pieces = [piece(b"\x00one\n"), piece(b""), piece(b"two\xff")];
                Ok(Box::pin(stream::iter(pieces.map(|piece| Ok(piece.encode_to_vec())))))
            }
            _ => one(request),
        }
    }

    async fn thing(&self, name: &str) -> Result<Thing, Status> {
        match name {
            "things/missing" => Err(service_kit::status(Refusal(Kind::NotFound, "THING_NOT_FOUND"))),
            "things/broke" => Err(service_kit::status(Refusal(Kind::FailedPrecondition, "OUT_OF_STOCK"))),
            "things/reused" => Err(service_kit::status(Refusal(Kind::KeyReused, "IDEMPOTENCY_KEY_REUSED"))),
            "things/replayed" => {
                let mut status = service_kit::status(Refusal(Kind::FailedPrecondition, "OUT_OF_STOCK"));
                status.metadata_mut().insert("idempotent-replayed", "true".parse().expect("is a value"));
                Err(status)
            }
            "things/away" => Err(service_kit::status(Refusal(Kind::Unavailable, "UNAVAILABLE"))),
            "things/panic" => panic!("told to"),
            "things/hang" => {
                let _guard = Cancelled(Arc::clone(&self.cancelled));
                self.made.fetch_add(1, Ordering::SeqCst);
                std::future::pending().await
            }
            "things/unprintable" => Ok(Thing { title: "x".into(), ..Thing::default() }),
            _ => Ok(Thing { name: name.into(), title: "A thing".into(), etag: "v1".into(), ..Thing::default() }),
        }
    }

    fn watch(&self, name: &str) -> Result<Items, Status> {
        let thing = |title: &str| Thing { title: title.into(), ..Thing::default() }.encode_to_vec();
        let failure = || service_kit::status(Refusal(Kind::Unavailable, "UNAVAILABLE"));
        match name {
            "things/early" => Err(failure()),
            "things/late" => Ok(Box::pin(stream::iter([Ok(thing("one")), Ok(thing("two")), Err(failure())]))),
            "things/none" => Ok(Box::pin(stream::iter([]))),
            "things/endless" => {
                let guard = Cancelled(Arc::clone(&self.cancelled));
                let made = Arc::clone(&self.made);
                Ok(Box::pin(stream::repeat_with(move || {
                    let _ = &guard;
                    made.fetch_add(1, Ordering::SeqCst);
                    Ok(vec![18, 1, b'x'])
                })))
            }
            "things/slow" => {
                let rest = stream::once(async {
                    tokio::time::sleep(Duration::from_secs(600)).await;
                    Ok(Vec::new())
                });
                Ok(Box::pin(stream::iter([Ok(thing("one"))]).chain(rest)))
            }
            _ => Ok(Box::pin(stream::iter([Ok(thing("one")), Ok(thing("two"))]))),
        }
    }

    async fn import(&self, mut messages: Items) -> Result<Items, Status> {
        let mut imported = Imported::default();
        while let Some(message) = messages.next().await {
            let import = Import::decode(message?.as_slice()).expect("is one");
            if imported.count == 0 {
                imported.batch = import.batch;
            }
            imported.count += 1;
            imported.names.push(import.thing.unwrap_or_default().name);
            self.arrived.fetch_add(1, Ordering::SeqCst);
        }
        Ok(Box::pin(stream::iter([Ok(imported.encode_to_vec())])))
    }
}

fn named(request: &[u8]) -> String {
    Named::decode(request).expect("is one").name
}

/// Counts when it is dropped.
struct Cancelled(Arc<AtomicUsize>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The messages of a gRPC body.
fn framed(body: Body) -> Items {
    struct State {
        body: Body,
        buffer: Vec<u8>,
    }
    Box::pin(stream::unfold(State { body, buffer: Vec::new() }, |mut state| async move {
        loop {
            if let Some((header, rest)) = state.buffer.split_first_chunk::<5>() {
                let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
                if rest.len() >= length {
                    let message = rest[..length].to_vec();
                    state.buffer.drain(..5 + length);
                    return Some((Ok(message), state));
                }
            }
            match state.body.frame().await? {
                Ok(frame) => state.buffer.extend_from_slice(frame.into_data().unwrap_or_default().chunk()),
                Err(status) => return Some((Err(status), state)),
            }
        }
    }))
}

/// A gRPC reply of these messages.
fn reply(items: Items) -> Response<Body> {
    let frames = items.map(Some).chain(stream::once(async { None })).scan(false, |failed, item| {
        let frame = match item {
            _ if *failed => return std::future::ready(None),
            Some(Ok(message)) => {
                let mut framed = vec![0];
                framed.extend_from_slice(&u32::try_from(message.len()).expect("is small").to_be_bytes());
                framed.extend_from_slice(&message);
                Frame::data(Bytes::from(framed))
            }
            Some(Err(status)) => {
                *failed = true;
                let (head, ()) = status.into_http::<()>().into_parts();
                Frame::trailers(head.headers)
            }
            None => Frame::trailers(HeaderMap::from_iter([(
                HeaderName::from_static("grpc-status"),
                HeaderValue::from_static("0"),
            )])),
        };
        std::future::ready(Some(Ok::<_, Status>(frame)))
    });
    let mut response = Response::new(Body::new(NotSync(Box::pin(StreamBody::new(frames)))));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("x-cart-token", HeaderValue::from_static("cart"));
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    headers.insert("x-internal", HeaderValue::from_static("secret"));
    response
}

/// A body that is only sent from one thread to another.
struct NotSync<B>(Pin<Box<B>>);

impl<B: http_body::Body<Data = Bytes, Error = Status>> http_body::Body for NotSync<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.0.as_mut().poll_frame(cx)
    }
}
