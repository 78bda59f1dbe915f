//! A REST call: the request made into a message, the service called, its reply printed.

mod media;
mod precondition;
mod printed;
mod read;
mod split;
mod upload;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::Full;
use tokio::time::timeout_at;
use tonic::{Status, body::Body as RpcBody};
use tower::ServiceExt;

use crate::{
    body::Body,
    edge::{Call, Edge, json},
    failure::Failure,
    grpc::{HEADER, Messages, seal},
    headers,
    percent::Malformed,
    problem::Problem,
    routes::{Reply, Route, Target},
    transcode::{
        binding::{self, Prefix},
        fault::{Fault, Reason},
        response::Printer,
        wire::{Payload, Reader},
    },
};

type Answer = Result<Response<Body>, Failure>;

/// A path that cannot be decoded.
pub(crate) fn malformed_path(error: Malformed) -> Problem {
    Fault::new(Reason::MalformedPath, error.to_string()).into()
}

/// Answers a call of the route.
pub(crate) async fn answer(edge: &Arc<Edge>, route: &Arc<Route>, request: Request<RpcBody>, call: Call) -> Answer {
    let (head, body) = request.into_parts();
    media::check(route, &head.headers, &body)?;
    let if_match = precondition::if_match(route, &head)?;
    let prefix =
        route.binding.bind(&edge.schema, head.uri.path(), head.uri.query(), if_match).map_err(Problem::from)?;
    let late = |_| Failure::from(service_kit::Error::DeadlineExceeded);
    let (body, broken, call) = if route.target.method.client_streaming() {
        let begun = upload::body(edge, route, &head.headers, body, &prefix);
        let (body, broken) = timeout_at(call.give_up(), begun).await.map_err(late)??;
        (body, broken, call)
    } else {
        let whole = call.while_wanted(unary_body(edge, route, &head.headers, body, &prefix)).await?;
        (whole, upload::Broken::default(), call.begun())
    };
    let reply = reply(edge, route, &head, body, &call, &broken);
    match timeout_at(call.give_up(), reply).await.unwrap_or_else(|elapsed| Err(late(elapsed))) {
        // What the client sent wrong is the cause of whatever the service made of it.
        _ if broken.is_set() => Err(broken.take()),
        Err(failure) if if_match.is_some() => Err(failure.of_if_match()),
        answer => answer,
    }
}

/// Sends the body to the service and prints what it replies.
async fn reply(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    head: &Parts,
    body: RpcBody,
    call: &Call,
    broken: &upload::Broken,
) -> Answer {
    let mut metadata = headers::of_rest(&head.headers, &edge.forwarded);
    metadata.insert("grpc-timeout", call.timeout());
    metadata.insert(service_kit::metadata::REQUEST_ID, call.request_id.clone());
    let (metadata, messages) = Messages::of(send(&route.target, metadata, body).await?, edge.config.reply_limit)?;
    if route.target.method.server_streaming() {
        printed::respond(edge, route, &head.headers, &metadata, messages, call.give_up(), broken.clone()).await
    } else {
        unary(edge, route, head, &metadata, messages.only().await?)
    }
}

/// Reads the body and makes the one message of a unary call.
async fn unary_body(
    edge: &Edge,
    route: &Route,
    headers: &HeaderMap,
    body: RpcBody,
    prefix: &Prefix<'_>,
) -> Result<RpcBody, Failure> {
    let bytes = match route.binding.body() {
        binding::Body::None => Bytes::new(),
        _ => read::whole(body, edge.config.body_limit, edge.config.body_seconds).await?,
    };
    let mut out = Vec::with_capacity(HEADER + bytes.len() + 64);
    out.resize(HEADER, 0);
    let content_type = media::content_type(headers);
    let framed = route.binding.encode(&edge.schema, prefix, &bytes, content_type, out).map_err(Problem::from)?;
    Ok(RpcBody::new(Full::new(seal(framed)?)))
}

/// Calls the service.
async fn send(target: &Target, metadata: HeaderMap, body: RpcBody) -> Result<Response<RpcBody>, Failure> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.uri.clone();
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = metadata;
    target.rpc.clone().oneshot(request).await.map_err(|error| unreachable(&target.label, &error))
}

/// A service that could not be reached. Why is logged; addresses are not for clients.
pub(crate) fn unreachable(label: &str, status: &Status) -> Failure {
    tracing::warn!(rpc = label, %status, "call a service");
    service_kit::Error::Unavailable { what: "the service" }.into()
}

/// Prints a unary reply.
fn unary(edge: &Edge, route: &Route, head: &Parts, metadata: &HeaderMap, message: Bytes) -> Answer {
    let etag = route.etag.and_then(|number| precondition::etag(&message, number));
    let unchanged = route.is_read() && etag.as_ref().is_some_and(|etag| precondition::is_known(&head.headers, etag));
    let mut response = if unchanged {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        print(edge, route, message)?
    };
    headers::to_rest(metadata, response.headers_mut());
    if let Some(caching) = route.caching() {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

fn print(edge: &Edge, route: &Route, message: Bytes) -> Answer {
    let printer = Printer::new(&edge.schema);
    // JSON of our messages is mostly a little larger than their encoding.
    let mut out = Vec::with_capacity(message.len() * 3 / 2 + 128);
    match route.reply {
        Reply::Message => printer.message(route.output, &message, &mut out).map_err(Problem::from)?,
        Reply::Field(slot) => printer.field(route.output, slot, &message, &mut out).map_err(Problem::from)?,
        Reply::Raw | Reply::RawField(_) => {
            let (content_type, data) = raw(route.reply, &message)?;
            let mut response = Response::new(Body::from(data));
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
            return Ok(response);
        }
    }
    Ok(json(out))
}

/// The media type and the bytes of a reply that is a `google.api.HttpBody`, or holds one.
fn raw(reply: Reply, message: &Bytes) -> Result<(HeaderValue, Bytes), Problem> {
    let malformed = |_| Problem::BadUpstream("a google.api.HttpBody is malformed");
    let mut content = message.clone();
    if let Reply::RawField(wanted) = reply {
        content = Bytes::new();
        let mut reader = Reader::new(message);
        while let Some((number, _, payload)) = reader.record().map_err(malformed)? {
            if let (true, Payload::Bytes(bytes)) = (number == wanted, payload) {
                content = message.slice_ref(bytes);
            }
        }
    }
    let (mut content_type, mut data) = (&[][..], Bytes::new());
    let mut reader = Reader::new(&content);
    while let Some((number, _, payload)) = reader.record().map_err(malformed)? {
        match (number, payload) {
            (1, Payload::Bytes(bytes)) => content_type = bytes,
            (2, Payload::Bytes(bytes)) => data = content.slice_ref(bytes),
            _ => {}
        }
    }
    let content_type = HeaderValue::from_bytes(content_type).ok().filter(|value| !value.is_empty());
    Ok((content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")), data))
}
