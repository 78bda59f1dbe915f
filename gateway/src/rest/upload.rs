//! Streams of requests: the body, message by message, at the pace at which the service takes them.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame};
use tonic::body::Body;
use tower::BoxError;

use super::{media, read, split::Splitter};
use crate::{
    edge::Edge,
    failure::Failure,
    grpc::{HEADER, seal},
    problem::Problem,
    routes::Route,
    transcode::binding::{self, Prefix},
};

/// The size of the messages that a raw body is cut into.
const PIECE: usize = 256 * 1024;

/// What the client sent wrong, found while the service was at work already.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken(Arc<Mutex<Option<Problem>>>);

impl Broken {
    fn set(&self, problem: Problem) {
        self.0.lock().expect("setting a value does not panic").get_or_insert(problem);
    }

    /// Whether something is wrong.
    pub(super) fn is_set(&self) -> bool {
        self.0.lock().expect("setting a value does not panic").is_some()
    }

    /// What is wrong.
    pub(super) fn take(&self) -> Failure {
        let problem = self.0.lock().expect("setting a value does not panic").take();
        problem.unwrap_or(Problem::BodyBroken).into()
    }
}

/// The body of a call with a stream of requests. The first message is read now, because path and query belong to
/// it and nothing has to be undone if it is wrong; the others are read when the service asks for them.
pub(super) async fn body(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    headers: &HeaderMap,
    body: Body,
    prefix: &Prefix<'_>,
) -> Result<(Body, Broken), Failure> {
    let content_type = media::content_type(headers).to_owned();
    let cutter = match route.binding.body() {
        binding::Body::Raw | binding::Body::RawField(_) => Cutter::Raw(BytesMut::new()),
        _ => Cutter::Json(Splitter::new(media::framing(route, headers)?, edge.config.body_limit)),
    };
    let mut source = Source { body, cutter, ended: false };
    let first = std::future::poll_fn(|cx| source.poll_next(cx)).await?;
    let first = match first {
        Some(message) => {
            let out = vec![0; HEADER];
            let framed = route.binding.encode(&edge.schema, prefix, &message, &content_type, out);
            Some(seal(framed.map_err(Problem::from)?)?)
        }
        None => None,
    };
    let broken = Broken::default();
    let upload = Upload { edge: Arc::clone(edge), route: Arc::clone(route), source, first, broken: broken.clone() };
    Ok((Body::new(upload), broken))
}

/// The messages of a body.
struct Source {
    body: Body,
    cutter: Cutter,
    ended: bool,
}

enum Cutter {
    Json(Splitter),
    Raw(BytesMut),
}

impl Source {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Problem>> {
        loop {
            if let Some(message) = self.cutter.next()? {
                return Poll::Ready(Ok(Some(message)));
            }
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.cutter.push(&data);
                    }
                }
                Some(Err(_)) => return Poll::Ready(Err(Problem::BodyBroken)),
                None => {
                    self.ended = true;
                    return Poll::Ready(self.cutter.end());
                }
            }
        }
    }
}

impl Cutter {
    fn push(&mut self, data: &[u8]) {
        match self {
            Self::Json(splitter) => splitter.push(data),
            Self::Raw(buffer) => buffer.extend_from_slice(data),
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Json(splitter) => splitter.next(),
            Self::Raw(buffer) if buffer.is_empty() => Ok(None),
            Self::Raw(buffer) => Ok(Some(buffer.split_to(buffer.len().min(PIECE)).freeze())),
        }
    }

    fn end(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Json(splitter) => splitter.end(),
            Self::Raw(_) => Ok(None),
        }
    }
}

/// The gRPC body.
struct Upload {
    edge: Arc<Edge>,
    route: Arc<Route>,
    source: Source,
    first: Option<Bytes>,
    broken: Broken,
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let message = match ready!(self.source.poll_next(cx)) {
            Ok(Some(message)) => message,
            Ok(None) => return Poll::Ready(None),
            Err(problem) => return Poll::Ready(Some(Err(self.fail(problem)))),
        };
        if message.len() > self.edge.config.body_limit {
            let problem = read::too_large(self.edge.config.body_limit);
            return Poll::Ready(Some(Err(self.fail(problem))));
        }
        let framed = self.route.binding.encode_next(&self.edge.schema, &message, "", vec![0; HEADER]);
        let frame = framed.map_err(Problem::from).and_then(seal).map_err(|problem| self.fail(problem));
        Poll::Ready(Some(frame.map(Frame::data)))
    }
}

impl Upload {
    /// Keeps what is wrong for the client and breaks the call off.
    fn fail(&self, problem: Problem) -> BoxError {
        self.broken.set(problem.clone());
        Box::new(problem)
    }
}
