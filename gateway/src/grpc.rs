//! The gRPC framing: messages behind five bytes, and a status in trailers.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::Body as _;
use tonic::{Code, Status, body::Body};

use crate::{
    failure::{Failure, code_of_http},
    problem::Problem,
};

/// One flag and four bytes of length.
pub(crate) const HEADER: usize = 5;

/// Writes the length into the header that a message was encoded behind.
pub(crate) fn seal(mut framed: Vec<u8>) -> Result<Bytes, Problem> {
    let length =
        u32::try_from(framed.len() - HEADER).map_err(|_| service_kit::Error::TooLarge { limit: u32::MAX as usize })?;
    framed[1..HEADER].copy_from_slice(&length.to_be_bytes());
    Ok(framed.into())
}

/// The messages of a reply.
#[derive(Debug)]
pub(crate) struct Messages {
    body: Body,
    pending: Bytes,
    trailers: Option<HeaderMap>,
    limit: usize,
}

impl Messages {
    /// The headers and the messages of a reply, if it is one: replies that are a status only are failures.
    pub(crate) fn of(response: Response<Body>, limit: usize) -> Result<(HeaderMap, Self), Failure> {
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            return Err(Failure::foreign(code_of_http(head.status), "the service did not answer in gRPC"));
        }
        if let Some(status) = Status::from_header_map(&head.headers)
            && status.code() != Code::Ok
        {
            return Err(Failure::from(&status));
        }
        let trailers = head.headers.contains_key("grpc-status").then(|| head.headers.clone());
        Ok((head.headers, Self { body, pending: Bytes::new(), trailers, limit }))
    }

    /// The next message; none after the last one of a call that went well.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        loop {
            if let Some(message) = self.take()? {
                return Poll::Ready(Ok(Some(message)));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.push(data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                Some(Err(status)) => return Poll::Ready(Err(Failure::from(&status))),
                None => return Poll::Ready(self.end().map(|()| None)),
            }
        }
    }

    /// As [`Messages::poll_next`].
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The one message of a unary reply.
    pub(crate) async fn only(mut self) -> Result<Bytes, Failure> {
        let message = self.next().await?.ok_or(Problem::BadUpstream("a unary reply has no message"))?;
        match self.next().await? {
            None => Ok(message),
            Some(_) => Err(Problem::BadUpstream("a unary reply has two messages").into()),
        }
    }

    fn push(&mut self, data: Bytes) {
        if self.pending.is_empty() {
            self.pending = data;
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let mut joined = pending.try_into_mut().unwrap_or_else(|pending| BytesMut::from(&pending[..]));
        joined.extend_from_slice(&data);
        self.pending = joined.freeze();
    }

    fn take(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some((header, rest)) = self.pending.split_first_chunk::<HEADER>() else { return Ok(None) };
        let [flag, length @ ..] = *header;
        let length = u32::from_be_bytes(length) as usize;
        if flag != 0 {
            return Err(Problem::BadUpstream("a message is compressed, which was not offered").into());
        }
        if length > self.limit {
            return Err(Problem::ReplyTooLarge { limit: self.limit }.into());
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.pending.advance(HEADER);
        Ok(Some(self.pending.split_to(length)))
    }

    fn end(&self) -> Result<(), Failure> {
        let status = self.trailers.as_ref().and_then(Status::from_header_map);
        match status {
            Some(status) if status.code() != Code::Ok => Err(Failure::from(&status)),
            Some(_) if self.pending.is_empty() => Ok(()),
            Some(_) => Err(Problem::BadUpstream("a message broke off").into()),
            None => Err(Problem::BadUpstream("the reply ended without a status").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut framed = vec![0; HEADER];
        framed.extend_from_slice(message);
        seal(framed).expect("is small").to_vec()
    }

    fn ok() -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from_static("0"))])
    }

    fn messages(pieces: Vec<Vec<u8>>, trailers: Option<HeaderMap>) -> Messages {
        let data = pieces.into_iter().map(|piece| Ok::<_, Status>(http_body::Frame::data(Bytes::from(piece))));
        let trailers = trailers.map(|trailers| Ok(http_body::Frame::trailers(trailers)));
        let body = StreamBody::new(futures::stream::iter(data.chain(trailers).collect::<Vec<_>>()));
        Messages::of(Response::new(Body::new(body)), 100).expect("is a reply").1
    }

    #[tokio::test]
    async fn messages_are_found_however_the_bytes_are_cut() {
        let wire = [framed(b"one"), framed(b""), framed(b"three")].concat();
        for size in 1..=wire.len() {
            let pieces = wire.chunks(size).map(<[u8]>::to_vec).collect();
            let mut messages = messages(pieces, Some(ok()));
            for expected in ["one", "", "three"] {
                assert_eq!(messages.next().await.expect("goes well").as_deref(), Some(expected.as_bytes()));
            }
            assert_eq!(messages.next().await.expect("goes well"), None);
        }
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_a_failure() {
        let cut_off = framed(b"one")[..6].to_vec();
        for (pieces, trailers) in [
            (vec![cut_off], Some(ok())),
            (vec![framed(b"one")], None),
            (vec![framed(&[7; 101])], Some(ok())),
            (vec![vec![1, 0, 0, 0, 0]], Some(ok())),
            (vec![], Some(ok())),
            (vec![framed(b"one"), framed(b"two")], Some(ok())),
        ] {
            assert!(messages(pieces, trailers).only().await.is_err());
        }
    }

    #[tokio::test]
    async fn a_status_without_a_body_is_a_failure() {
        let mut response = Response::new(Body::empty());
        response.headers_mut().insert("grpc-status", http::HeaderValue::from_static("5"));
        assert!(Messages::of(response, 100).is_err());
        let mut page = Response::new(Body::new(Full::from("<html>").map_err(|never| match never {})));
        *page.status_mut() = http::StatusCode::BAD_GATEWAY;
        assert!(Messages::of(page, 100).is_err());
    }
}
