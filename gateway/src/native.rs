//! gRPC itself: passed through without looking at any message.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body::{Body as _, Frame};
use tokio::time::{Sleep, sleep_until, timeout_at};
use tonic::body::Body as RpcBody;
use tower::{BoxError, ServiceExt};

use crate::{body::Body, edge::Call, failure::Failure, headers, rest};

/// Whether a request is gRPC: `application/grpc`, with any subtype but that of gRPC-Web.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let rest =
        essence.get(..16).filter(|prefix| prefix.eq_ignore_ascii_case("application/grpc")).map(|_| &essence[16..]);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
}

/// Passes a call on and its reply back. Calls without `call` are to infrastructure and not bounded.
pub(crate) async fn pass(
    rpc: service_kit::Rpc,
    request: Request<RpcBody>,
    call: Option<Call>,
) -> Result<Response<Body>, Failure> {
    let (head, body) = request.into_parts();
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = head.method;
    *outgoing.version_mut() = http::Version::HTTP_2;
    let label = head.uri.path().to_owned();
    *outgoing.uri_mut() = label.parse().map_err(|_| crate::problem::Problem::NoRpc)?;
    *outgoing.headers_mut() = headers::of_grpc(head.headers);
    if let Some(call) = &call {
        let headers = outgoing.headers_mut();
        headers.insert("grpc-timeout", call.timeout());
        headers.insert(service_kit::metadata::REQUEST_ID, call.request_id.clone());
    }
    let late = || Failure::from(service_kit::Error::DeadlineExceeded);
    let reply = rpc.oneshot(outgoing);
    let reply = match &call {
        Some(call) => timeout_at(call.give_up(), reply).await.map_err(|_| late())?,
        None => reply.await,
    };
    let (head, body) = reply.map_err(|error| rest::unreachable(&label, &error))?.into_parts();
    if body.is_end_stream() {
        return Ok(Response::from_parts(head, Body::default()));
    }
    let deadline = call.map(|call| Box::pin(sleep_until(call.give_up())));
    Ok(Response::from_parts(head, Body::stream(Passed { body: Some(body), deadline })))
}

/// The body of a reply, until the deadline.
struct Passed {
    body: Option<RpcBody>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Passed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Some(deadline) = &mut self.deadline else { return Poll::Pending };
        ready!(deadline.as_mut().poll(cx));
        // Dropping the body cancels the call at the service.
        self.body = None;
        let trailers = Failure::from(service_kit::Error::DeadlineExceeded).trailers();
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}
