//! Deadlines nest: what a call has left is what the calls it makes may take.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

/// Kept back for the way home, so that the callee gives up before the caller does.
const MARGIN: Duration = Duration::from_millis(20);

/// The header with which gRPC carries a deadline.
pub(crate) const HEADER: &str = "grpc-timeout";

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `future` with the deadline, which calls to other services then keep.
pub(crate) async fn scope<F: Future>(deadline: Instant, future: F) -> F::Output {
    DEADLINE.scope(deadline, future).await
}

/// How much time the call being handled has left; none outside of a call.
#[must_use]
pub fn remaining() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

/// What an outgoing call may take, as a header.
pub(crate) fn outgoing() -> Option<HeaderValue> {
    remaining().map(|left| encode(left.saturating_sub(MARGIN).max(Duration::from_millis(1))))
}

/// In the form of the gRPC specification: at most eight digits and a unit.
///
/// # Panics
/// Never: digits and a letter are a header value.
#[must_use]
pub fn encode(timeout: Duration) -> HeaderValue {
    let text = match u32::try_from(timeout.as_micros()) {
        Ok(micros) if micros < 100_000_000 => format!("{micros}u"),
        _ => format!("{}m", timeout.as_millis().min(99_999_999)),
    };
    HeaderValue::try_from(text).expect("digits and a letter are a header value")
}

/// The caller's deadline: none where there is none, an error where it is malformed.
///
/// # Errors
/// [`Malformed`].
pub fn incoming(headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    headers.get(HEADER).map(|value| value.to_str().ok().and_then(decode).ok_or(Malformed)).transpose()
}

/// The header is not what the specification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

fn decode(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(number * 3600),
        'M' => Duration::from_secs(number * 60),
        'S' => Duration::from_secs(number),
        'm' => Duration::from_millis(number),
        'u' => Duration::from_micros(number),
        'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_read_as_they_are_written() {
        for timeout in [Duration::from_micros(1), Duration::from_secs(3), Duration::from_secs(1800)] {
            let header = encode(timeout);
            assert_eq!(decode(header.to_str().expect("ASCII")), Some(timeout));
        }
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for text in ["", "S", "1", "123456789S", "1s", "-1S", "+1S", "1.5S", "1 S", "1ü"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_callee_gets_less_time_than_its_caller() {
        assert_eq!(outgoing(), None);
        let header =
            scope(Instant::now() + Duration::from_secs(1), async { outgoing() }).await.expect("has a deadline");
        assert_eq!(header, "980000u");
    }
}
