//! Reads a body, within limits of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::timeout;
use tonic::body::Body;

use crate::problem::Problem;

/// Reads the whole body.
pub(super) async fn whole(body: Body, limit: usize, seconds: u64) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // A length that is known to be too large is not read at all.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    timeout(Duration::from_secs(seconds), collect(body, limit)).await.unwrap_or(Err(Problem::BodyTooSlow))
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut whole = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Problem::BodyBroken)?.into_data() else { continue };
        if whole.len() + joined.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if whole.is_empty() && joined.is_empty() {
            whole = data;
            continue;
        }
        joined.extend_from_slice(&std::mem::take(&mut whole));
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { whole } else { joined.freeze() })
}

/// The request is larger than it may be.
pub(super) fn too_large(limit: usize) -> Problem {
    service_kit::Error::TooLarge { limit }.into()
}
