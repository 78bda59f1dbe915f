//! Percent-encoding of paths and query strings, decoded exactly once.
//!
//! Paths are split on raw `/` before anything is decoded, so `%2F` never makes a segment. What cannot be decoded
//! is refused, never passed on as it is: two components that read one address differently are a way around rules.

use std::borrow::Cow;

/// Why a path or a query string cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// A `%` without two hexadecimal digits.
    #[error("a % is not followed by two hexadecimal digits")]
    Escape,
    /// The decoded bytes are no text.
    #[error("the decoded bytes are not UTF-8")]
    Utf8,
    /// `%00` in a path.
    #[error("a path holds no NUL")]
    Nul,
    /// `.` or `..` as a segment of a path, encoded or not.
    #[error("a path holds no . or .. segments")]
    Dots,
}

/// Checks a raw path as a whole, before it is routed.
pub(crate) fn check_path(path: &str) -> Result<(), Malformed> {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (bytes.next().and_then(digit), bytes.next().and_then(digit));
            match (high, low) {
                (Some(0), Some(0)) => return Err(Malformed::Nul),
                (Some(_), Some(_)) => {}
                _ => return Err(Malformed::Escape),
            }
        }
    }
    if path.split('/').any(is_dots) { Err(Malformed::Dots) } else { Ok(()) }
}

fn is_dots(segment: &str) -> bool {
    // The longest spelling is %2e%2e.
    if segment.is_empty() || segment.len() > 6 || !(segment.starts_with('.') || segment.starts_with('%')) {
        return false;
    }
    matches!(decode(segment).as_deref(), Ok("." | ".."))
}

/// Decodes everything: the value of a variable of one segment.
pub(crate) fn decode(raw: &str) -> Result<Cow<'_, str>, Malformed> {
    unescape(raw, |_| true)
}

/// Decodes everything but `%2F`, which stays as it was written: the value of a variable of several segments.
pub(crate) fn decode_except_slash(raw: &str) -> Result<Cow<'_, str>, Malformed> {
    unescape(raw, |byte| byte != b'/')
}

/// Decodes a name or a value of a query string, where `+` is a space.
pub(crate) fn decode_query(raw: &str) -> Result<Cow<'_, str>, Malformed> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        return Ok(Cow::Owned(decode(&spaced)?.into_owned()));
    }
    decode(raw)
}

fn unescape(raw: &str, wanted: impl Fn(u8) -> bool) -> Result<Cow<'_, str>, Malformed> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(Malformed::Escape) };
        let (Some(high_digit), Some(low_digit)) = (digit(*high), digit(*low)) else { return Err(Malformed::Escape) };
        let byte = high_digit << 4 | low_digit;
        if wanted(byte) {
            decoded.push(byte)
        } else {
            decoded.extend([b'%', *high, *low])
        }
        rest = tail;
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Malformed::Utf8)
}

/// One spelling for each literal: unreserved characters are decoded, other escapes get upper-case digits.
/// `None` where an escape is malformed.
pub(crate) fn normalise(literal: &str) -> Option<Cow<'_, str>> {
    if !literal.contains('%') {
        return Some(Cow::Borrowed(literal));
    }
    let mut normal = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some((plain, escape)) = rest.split_once('%') {
        normal.push_str(plain);
        let bytes = escape.as_bytes();
        let byte = digit(*bytes.first()?)? << 4 | digit(*bytes.get(1)?)?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            normal.push(char::from(byte));
        } else {
            normal.push_str(&format!("%{byte:02X}"));
        }
        rest = &escape[2..];
    }
    normal.push_str(rest);
    Some(Cow::Owned(normal))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_one_segment_is_decoded_once() {
        assert_eq!(decode("a%2Fb%2541+c").as_deref(), Ok("a/b%41+c"));
        assert_eq!(decode("%zz"), Err(Malformed::Escape));
        assert_eq!(decode("%2"), Err(Malformed::Escape));
        assert_eq!(decode("%ff"), Err(Malformed::Utf8));
    }

    #[test]
    fn a_value_of_several_segments_keeps_its_encoded_slashes_as_written() {
        assert_eq!(decode_except_slash("a%2fb%2Fc/%23").as_deref(), Ok("a%2fb%2Fc/#"));
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode_query("hp+laptop%2B").as_deref(), Ok("hp laptop+"));
    }

    #[test]
    fn dot_segments_and_nul_are_refused_however_they_are_spelled() {
        for path in ["/a/../b", "/a/./b", "/%2e%2E/b", "/a/.%2e"] {
            assert_eq!(check_path(path), Err(Malformed::Dots), "{path}");
        }
        assert_eq!(check_path("/a%00"), Err(Malformed::Nul));
        assert_eq!(check_path("/a%0"), Err(Malformed::Escape));
        for path in ["/", "/.well-known/x", "/a/...", "/%2e%2e%2e", "/a..b"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn literals_have_one_spelling() {
        assert_eq!(normalise("%61%2d%c3%a9b").as_deref(), Some("a-%C3%A9b"));
        assert_eq!(normalise("%6"), None);
    }
}
