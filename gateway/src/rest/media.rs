//! Media types: what a body may be, and how a stream is wanted.

use http::{HeaderMap, header};
use http_body::Body as _;
use tonic::body::Body;

use crate::{problem::Problem, routes::Route, transcode::binding};

/// How the messages of a stream follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// One JSON array.
    Array,
    /// One message a line.
    Lines,
    /// Server-sent events.
    Events,
}

impl Framing {
    /// The media type.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Array => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Events => "text/event-stream",
        }
    }
}

/// The Content-Type header as it is; empty if there is none.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Refuses bodies that the route does not take, before they are read.
pub(super) fn check(route: &Route, headers: &HeaderMap, body: &Body) -> Result<(), Problem> {
    if route.binding.body() == binding::Body::None || body.is_end_stream() {
        return Ok(());
    }
    let is_identity = |value: &header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| !is_identity(value)) {
        return Err(Problem::ContentEncoding);
    }
    match route.binding.body() {
        binding::Body::Raw | binding::Body::RawField(_) | binding::Body::None => Ok(()),
        binding::Body::Message | binding::Body::Field(_) => framing(route, headers).map(drop),
    }
}

/// How the body of a route is framed, by its Content-Type.
pub(super) fn framing(route: &Route, headers: &HeaderMap) -> Result<Framing, Problem> {
    let streams = route.target.method.client_streaming();
    let expected = if streams { "application/json or application/x-ndjson" } else { "application/json" };
    let refused = || Problem::MediaType { expected };
    let value = content_type(headers);
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let charset = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    if let Some((_, charset)) = charset
        && !charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    {
        return Err(refused());
    }
    if streams && is_lines(&essence) {
        return Ok(Framing::Lines);
    }
    let is_json = essence.is_empty()
        || essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json { Ok(Framing::Array) } else { Err(refused()) }
}

/// How a client wants a stream: the first of what it accepts that we have, else an array.
pub(super) fn wanted(headers: &HeaderMap) -> Framing {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted = accepted.flat_map(|value| value.split(','));
    for range in accepted {
        let (essence, parameters) = range.split_once(';').unwrap_or((range, ""));
        if parameters.split(';').any(|parameter| matches!(parameter.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")) {
            continue;
        }
        match essence.trim().to_ascii_lowercase().as_str() {
            "text/event-stream" => return Framing::Events,
            "application/json" => return Framing::Array,
            essence if is_lines(essence) => return Framing::Lines,
            _ => {}
        }
    }
    Framing::Array
}

fn is_lines(essence: &str) -> bool {
    matches!(essence, "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines")
}
