//! Numbers, strings and bytes as JSON writes them.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::wire::Malformed;

/// Writes an integer.
pub(crate) fn push_integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes a number in as few digits as read back the same; what JSON has no number for is a string.
pub(crate) fn push_double(out: &mut Vec<u8>, value: f64) {
    push_float(out, value, value);
}

/// As [`push_double`], with the digits of a `float`.
pub(crate) fn push_single(out: &mut Vec<u8>, value: f32) {
    push_float(out, f64::from(value), value);
}

fn push_float(out: &mut Vec<u8>, value: f64, digits: impl serde::Serialize) {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    } else {
        serde_json::to_writer(&mut *out, &digits)
            .expect("a finite number is JSON, and a vector takes all that is written");
        if out.ends_with(b".0") {
            out.truncate(out.len() - 2);
        }
    }
}

/// Writes bytes as padded standard base64, quoted.
pub(crate) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), true).expect("a message in memory is far below the largest size");
    out.resize(start + length, 0);
    BASE64_STANDARD.encode_slice(bytes, &mut out[start..]).expect("the space for it was computed");
    out.push(b'"');
}

/// Writes bytes from the wire as a string; they must be UTF-8.
pub(crate) fn push_utf8(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Malformed> {
    push_string(out, str::from_utf8(bytes).map_err(|_| Malformed)?);
    Ok(())
}

/// Writes a string, quoted, with no more escapes than JSON asks for.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = first_escape(rest) {
        out.extend_from_slice(&rest[..at]);
        push_escape(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Where the first byte is that JSON escapes. Eight bytes at a time until one of them is.
pub(crate) fn first_escape(bytes: &[u8]) -> Option<usize> {
    let mut chunks = bytes.chunks_exact(8);
    let mut at = 0;
    for chunk in chunks.by_ref() {
        let word = u64::from_le_bytes(chunk.try_into().expect("a chunk has eight bytes"));
        let hits = escapes_of(word);
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    chunks.remainder().iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).map(|found| at + found)
}

/// The high bit of each byte that is a control character, a quote or a backslash; exact up to the first of them.
fn escapes_of(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    control | zero_bytes(word ^ (ONES * u64::from(b'"'))) | zero_bytes(word ^ (ONES * u64::from(b'\\')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn double(value: f64) -> String {
        let mut out = Vec::new();
        push_double(&mut out, value);
        String::from_utf8(out).expect("is text")
    }

    #[test]
    fn numbers_are_as_short_as_can_be() {
        assert_eq!(double(1.0), "1");
        assert_eq!(double(-0.0), "-0");
        assert_eq!(double(0.1), "0.1");
        assert_eq!(double(f64::NAN), "\"NaN\"");
        assert_eq!(double(f64::NEG_INFINITY), "\"-Infinity\"");
        assert_eq!(double(1e300), "1e+300");
        let mut out = Vec::new();
        push_single(&mut out, 0.1);
        assert_eq!(out, b"0.1");
    }

    #[test]
    fn bytes_are_padded_base64() {
        let mut out = Vec::new();
        push_base64(&mut out, &[0xfb, 0xff]);
        assert_eq!(out, b"\"+/8=\"");
    }

    proptest! {
        #[test]
        fn any_string_reads_back_as_it_was(text in "(\\PC|[\\x00-\\x7f]){0,40}") {
            let mut out = Vec::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).expect("is JSON"), text);
        }

        #[test]
        fn the_first_escape_is_found_at_any_place(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let expected = bytes.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\');
            prop_assert_eq!(first_escape(&bytes), expected);
        }

        #[test]
        fn any_double_reads_back_as_it_was(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(double(value).parse::<f64>().expect("is a number"), value);
        }
    }
}
