//! Logs and traces: how they are set up, and how a trace goes on from call to call.

use std::io::{self, IsTerminal};

use http::{HeaderMap, HeaderValue};
use kernel::{Ids, SystemIds};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::metadata;

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts logging to standard error. `filter` is in the form of `tracing_subscriber::EnvFilter`.
///
/// # Errors
/// A malformed filter, in words.
pub fn init(filter: &str, format: Format) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        Format::Text => {
            let coloured = io::stderr().is_terminal();
            registry.with(fmt::layer().with_ansi(coloured).with_writer(io::stderr)).try_init()
        }
        Format::Json => registry.with(fmt::layer().json().flatten_event(true).with_writer(io::stderr)).try_init(),
    };
    started.map_err(|error| error.to_string())
}

/// The W3C trace context for a call's own work: the caller's trace with a new span, or a new trace.
#[must_use]
pub fn continue_trace(headers: &HeaderMap) -> String {
    let incoming =
        headers.get(metadata::TRACEPARENT).and_then(|value| value.to_str().ok()).filter(|value| well_formed(value));
    match incoming {
        Some(parent) => child(parent),
        None => new_trace(),
    }
}

/// A new trace, sampled.
#[must_use]
pub fn new_trace() -> String {
    let trace = SystemIds.uuid().simple().to_string();
    format!("00-{trace}-{}-01", span_id())
}

/// The trace id in a trace context.
#[must_use]
pub fn trace_id(traceparent: &str) -> &str {
    traceparent.get(3..35).unwrap_or_default()
}

/// The trace context of the work under way, as a header.
pub(crate) fn traceparent() -> Option<HeaderValue> {
    HeaderValue::try_from(&*bus::trace::current()?).ok()
}

/// The trace context of the work under way; a new one where there is none.
pub(crate) fn current_trace() -> String {
    bus::trace::current().map_or_else(new_trace, |current| current.to_string())
}

/// Runs `future` within the trace: calls and messages it sends carry it on.
pub async fn scope<F: Future>(traceparent: String, future: F) -> F::Output {
    bus::trace::scope(Some(traceparent.into()), future).await
}

fn child(parent: &str) -> String {
    format!("{}{}{}", &parent[..36], span_id(), &parent[52..55])
}

fn span_id() -> String {
    // The last 64 bits of a UUIDv7 are random but for two.
    SystemIds.uuid().simple().to_string()[16..].to_owned()
}

/// Version 00 of https://www.w3.org/TR/trace-context/#traceparent-header
fn well_formed(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 55
        && value.starts_with("00-")
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            2 | 35 | 52 => *byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        })
        && !value[3..35].bytes().all(|byte| byte == b'0')
        && !value[36..52].bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_on_with_its_callers_trace_and_a_span_of_its_own() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let mut headers = HeaderMap::new();
        headers.insert(metadata::TRACEPARENT, HeaderValue::from_static(parent));
        let own = continue_trace(&headers);
        assert_eq!(trace_id(&own), "0af7651916cd43dd8448eb211c80319c");
        assert!(own.ends_with("-01") && own != parent && well_formed(&own), "{own}");
    }

    #[test]
    fn a_malformed_trace_is_replaced() {
        let zero = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        for text in ["", "00", "00-xyz", zero.as_str()] {
            let mut headers = HeaderMap::new();
            headers.insert(metadata::TRACEPARENT, HeaderValue::from_str(text).expect("ASCII"));
            assert!(well_formed(&continue_trace(&headers)), "{text}");
        }
    }
}
