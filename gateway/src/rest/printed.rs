//! Streams of replies: printed message by message, at the pace at which the client takes them.
//!
//! The head waits for the first message or the end, so that a call which fails at once has its real status. What
//! fails later is told in band; an array cannot say it and breaks off, which no client takes for its end.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Frame;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep_until};
use tower::BoxError;

use super::{Answer, media, media::Framing, raw, upload::Broken};
use crate::{
    body::Body,
    edge::Edge,
    failure::Failure,
    grpc::Messages,
    headers,
    problem::Problem,
    routes::{Reply, Route},
    transcode::response::Printer,
};

/// Proxies close connections on which nothing happens; a comment is something.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Answers with the stream.
pub(super) async fn respond(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    request: &HeaderMap,
    metadata: &HeaderMap,
    mut messages: Messages,
    give_up: Instant,
    broken: Broken,
) -> Answer {
    let first = messages.next().await?;
    let is_raw = matches!(route.reply, Reply::Raw | Reply::RawField(_));
    let framing = media::wanted(request);
    let content_type = match &first {
        Some(message) if is_raw => raw(route.reply, message)?.0,
        None if is_raw => HeaderValue::from_static("application/octet-stream"),
        _ => HeaderValue::from_static(framing.content_type()),
    };
    let mut printed = Printed {
        edge: Arc::clone(edge),
        route: Arc::clone(route),
        framing: (!is_raw).then_some(framing),
        messages,
        broken,
        count: 0,
        state: State::Open,
        deadline: Box::pin(sleep_until(give_up)),
        heartbeat: (framing == Framing::Events && !is_raw).then(heartbeat),
        ready: None,
    };
    printed.ready = match first {
        Some(message) => Some(printed.message(&message)?),
        None => {
            printed.state = State::Ended;
            printed.last()
        }
    };
    let mut response = Response::new(Body::stream(printed));
    let head = response.headers_mut();
    head.insert(header::CONTENT_TYPE, content_type);
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Else some proxies keep events back until they have a page full.
    head.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers::to_rest(metadata, head);
    Ok(response)
}

fn heartbeat() -> Interval {
    let mut interval = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// The stream as the client sees it.
struct Printed {
    edge: Arc<Edge>,
    route: Arc<Route>,
    /// `None` for raw bytes.
    framing: Option<Framing>,
    messages: Messages,
    /// What the client sent wrong, where it sends a stream too.
    broken: Broken,
    count: usize,
    state: State,
    deadline: Pin<Box<Sleep>>,
    heartbeat: Option<Interval>,
    ready: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl Printed {
    fn message(&mut self, message: &Bytes) -> Result<Bytes, Problem> {
        let Some(framing) = self.framing else { return raw(self.route.reply, message).map(|(_, data)| data) };
        let mut out = Vec::with_capacity(message.len() * 3 / 2 + 64);
        match framing {
            Framing::Array => out.push(if self.count == 0 { b'[' } else { b',' }),
            Framing::Events => out.extend_from_slice(b"data: "),
            Framing::Lines => {}
        }
        let printer = Printer::new(&self.edge.schema);
        match self.route.reply {
            Reply::Field(slot) => printer.field(self.route.output, slot, message, &mut out)?,
            _ => printer.message(self.route.output, message, &mut out)?,
        }
        match framing {
            Framing::Array => {}
            Framing::Events => out.extend_from_slice(b"\n\n"),
            Framing::Lines => out.push(b'\n'),
        }
        self.count += 1;
        Ok(out.into())
    }

    /// What closes a stream that went well.
    fn last(&self) -> Option<Bytes> {
        let is_array = self.framing == Some(Framing::Array);
        is_array.then(|| Bytes::from_static(if self.count == 0 { b"[]" } else { b"]" }))
    }

    /// What closes a stream that failed.
    fn failed(&mut self, failure: Failure) -> Result<Bytes, BoxError> {
        self.state = State::Ended;
        let error = if self.broken.is_set() { self.broken.take() } else { failure }.json(&self.edge.schema);
        match self.framing {
            Some(Framing::Lines) => Ok([b"{\"error\":", &error[..], b"}\n"].concat().into()),
            Some(Framing::Events) => Ok([b"event: error\ndata: ", &error[..], b"\n\n"].concat().into()),
            Some(Framing::Array) | None => Err("the stream of the service failed".into()),
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if let Some(bytes) = self.ready.take() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if self.state == State::Ended {
            return Poll::Ready(None);
        }
        let late = self.deadline.as_mut().poll(cx).is_ready();
        let outcome = if late {
            Err(service_kit::Error::DeadlineExceeded.into())
        } else {
            match self.messages.poll_next(cx) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => return self.poll_heartbeat(cx),
            }
        };
        let printed = outcome.and_then(|message| match message {
            Some(message) => self.message(&message).map(Some).map_err(Failure::from),
            None => Ok(None),
        });
        Poll::Ready(match printed {
            Ok(Some(bytes)) => Some(Ok(bytes)),
            Ok(None) => {
                self.state = State::Ended;
                self.last().map(Ok)
            }
            Err(failure) => Some(self.failed(failure)),
        })
    }

    fn poll_heartbeat(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Some(heartbeat) = &mut self.heartbeat else { return Poll::Pending };
        ready!(heartbeat.poll_tick(cx));
        Poll::Ready(Some(Ok(Bytes::from_static(b": still here\n\n"))))
    }
}

impl http_body::Body for Printed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_bytes(cx).map(|bytes| bytes.map(|bytes| bytes.map(Frame::data)))
    }
}
