//! Etags as HTTP has them: `If-Match` guards a change, `If-None-Match` spares a reply.

use http::{HeaderMap, HeaderValue, header, request::Parts};

use crate::{
    problem::Problem,
    routes::Route,
    transcode::wire::{Payload, Reader},
};

/// The etag that `If-Match` asks for. `*` asks for any.
///
/// A condition that cannot be checked is refused rather than ignored: the client relies on it.
pub(super) fn if_match<'h>(route: &Route, head: &'h Parts) -> Result<Option<&'h str>, Problem> {
    let Some(value) = head.headers.get(header::IF_MATCH) else { return Ok(None) };
    let value = value.to_str().map_err(|_| Problem::EtagMismatch)?.trim();
    if value == "*" || route.is_read() {
        return Ok(None);
    }
    if !route.binding.has_etag() || value.contains(',') {
        return Err(Problem::IfMatchUnusable);
    }
    if value.starts_with("W/") {
        return Err(Problem::EtagMismatch);
    }
    Ok(Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)))
}

/// The `ETag` header of a reply: the value of its field of that number.
pub(super) fn etag(message: &[u8], wanted: u32) -> Option<HeaderValue> {
    let mut reader = Reader::new(message);
    let mut etag: &[u8] = &[];
    while let Ok(Some((number, _, payload))) = reader.record() {
        if let (true, Payload::Bytes(bytes)) = (number == wanted, payload) {
            etag = bytes;
        }
    }
    let is_valid = !etag.is_empty() && etag.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'"');
    let quoted = is_valid.then(|| [b"\"", etag, b"\""].concat())?;
    HeaderValue::from_bytes(&quoted).ok()
}

/// Whether `If-None-Match` says that the client has this version.
pub(super) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known).as_bytes() == etag.as_bytes())
}
