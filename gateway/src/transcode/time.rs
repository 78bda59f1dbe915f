//! Timestamps, durations and field masks in their JSON forms.
//!
//! Parsing takes exactly what the ProtoJSON specification allows; printing refuses what has no JSON form.

use super::text::push_integer;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds since 1970.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// About 10,000 years, the largest duration.
const DURATION_SECONDS: i64 = 315_576_000_000;
const DAY: i64 = 86_400;

/// Seconds and nanoseconds: the fields of both `Timestamp` and `Duration`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) seconds: i64,
    pub(crate) nanos: i32,
}

/// A value without a JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("out of range")]
pub(crate) struct OutOfRange;

/// Reads `2026-11-20T16:30:00.5+01:00`.
pub(crate) fn parse_timestamp(text: &str) -> Option<Parts> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    if year < 1 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, rest) = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            (fraction_nanos(&fraction[..digits])?, &fraction[digits..])
        }
        None => (0, rest),
    };
    let seconds = days_before(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset(rest)?;
    SECONDS.contains(&seconds).then_some(Parts { seconds, nanos })
}

/// `Z`, `+01:00`, `-01:00`, in seconds.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let [hours, minutes] = numbers(&text[1..], ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Numbers of fixed width between separators, and nothing else.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut values = [0; N];
    for (value, width) in values.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *value = part.parse().ok()?;
    }
    parts.next().is_none().then_some(values)
}

/// One to nine digits after the point.
fn fraction_nanos(digits: &str) -> Option<i32> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i32 = digits.parse().ok()?;
    Some(value * 10_i32.pow(u32::try_from(9 - digits.len()).ok()?))
}

/// Writes a timestamp, quoted, in UTC with 0, 3, 6 or 9 digits of the second.
pub(crate) fn push_timestamp(out: &mut Vec<u8>, parts: Parts) -> Result<(), OutOfRange> {
    if !SECONDS.contains(&parts.seconds) || !(0..1_000_000_000).contains(&parts.nanos) {
        return Err(OutOfRange);
    }
    let (days, second) = (parts.seconds.div_euclid(DAY), parts.seconds.rem_euclid(DAY));
    let (year, month, day) = date_of(days);
    out.push(b'"');
    push_two(out, year / 100);
    push_two(out, year % 100);
    for (separator, value) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.push(separator);
        push_two(out, value);
    }
    push_fraction(out, parts.nanos.unsigned_abs());
    out.extend_from_slice(b"Z\"");
    Ok(())
}

/// Reads `-1.5s`.
pub(crate) fn parse_duration(text: &str) -> Option<Parts> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, fraction_nanos(fraction)?),
        None => (number, 0),
    };
    if whole.is_empty() || whole.len() > 12 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    if seconds > DURATION_SECONDS || (seconds == DURATION_SECONDS && fraction > 0) {
        return None;
    }
    Some(if negative { Parts { seconds: -seconds, nanos: -fraction } } else { Parts { seconds, nanos: fraction } })
}

/// Writes a duration, quoted, with 0, 3, 6 or 9 digits of the second.
pub(crate) fn push_duration(out: &mut Vec<u8>, parts: Parts) -> Result<(), OutOfRange> {
    let Parts { seconds, nanos } = parts;
    let in_range =
        (-DURATION_SECONDS..=DURATION_SECONDS).contains(&seconds) && (-999_999_999..=999_999_999).contains(&nanos);
    let beyond = seconds.abs() == DURATION_SECONDS && nanos != 0;
    let signs_differ = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    if !in_range || beyond || signs_differ {
        return Err(OutOfRange);
    }
    out.push(b'"');
    if seconds < 0 || nanos < 0 {
        out.push(b'-');
    }
    push_integer(out, seconds.unsigned_abs());
    push_fraction(out, nanos.unsigned_abs());
    out.extend_from_slice(b"s\"");
    Ok(())
}

fn push_fraction(out: &mut Vec<u8>, nanos: u32) {
    let (value, width) = match nanos {
        0 => return,
        nanos if nanos.is_multiple_of(1_000_000) => (nanos / 1_000_000, 3),
        nanos if nanos.is_multiple_of(1_000) => (nanos / 1_000, 6),
        nanos => (nanos, 9),
    };
    out.push(b'.');
    let start = out.len();
    out.resize(start + width, b'0');
    let mut left = value;
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (left % 10).to_le_bytes()[0];
        left /= 10;
    }
}

fn push_two(out: &mut Vec<u8>, value: i64) {
    let digits = value.rem_euclid(100).to_le_bytes()[0];
    out.extend_from_slice(&[b'0' + digits / 10, b'0' + digits % 10]);
}

/// Days from 1970 to a date of the Gregorian calendar, by eras of 400 years that begin in March.
/// Source: <https://howardhinnant.github.io/date_algorithms.html>
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The opposite of [`days_before`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A path of a field mask from JSON: `fooBar.baz` to `foo_bar.baz`. Underscores cannot stand in JSON.
pub(crate) fn parse_mask_path(text: &str) -> Option<String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
        return None;
    }
    let mut path = String::with_capacity(text.len() + 4);
    for character in text.chars() {
        if character.is_ascii_uppercase() {
            path.push('_');
        }
        path.push(character.to_ascii_lowercase());
    }
    Some(path)
}

/// A path of a field mask as JSON has it. Paths that would not read back the same have no JSON form.
pub(crate) fn push_mask_path(out: &mut Vec<u8>, path: &[u8]) -> Result<(), OutOfRange> {
    let mut after_underscore = false;
    for byte in path {
        match byte {
            b'_' if !after_underscore => after_underscore = true,
            b'a'..=b'z' if after_underscore => {
                out.push(byte.to_ascii_uppercase());
                after_underscore = false;
            }
            b'a'..=b'z' | b'0'..=b'9' | b'.' if !after_underscore => out.push(*byte),
            _ => return Err(OutOfRange),
        }
    }
    if after_underscore { Err(OutOfRange) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
