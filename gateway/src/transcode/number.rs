//! Numbers as ProtoJSON takes them: by value, not by spelling, and never outside of their type.

/// The length of the JSON number at the beginning of a text.
pub(crate) fn length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    at += match bytes.get(at)? {
        b'0' => 1,
        b'1'..=b'9' => digits(at),
        _ => return None,
    };
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

/// Whether a text is a JSON number and nothing else.
fn is_number(text: &str) -> bool {
    length(text) == Some(text.len())
}

/// The integer that a JSON number is: `100000`, `1e5` and `100000.000` are the same. `None` for anything else, and
/// for numbers far beyond 64 bits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    if !is_number(text) {
        return None;
    }
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        // An exponent that is no i64 leaves either zero or a number out of any range.
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.parse::<i64>().unwrap_or_else(|_| if exponent.starts_with('-') { i64::MIN } else { i64::MAX }),
        ),
        None => (magnitude, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    // Without its zeros at the end, a mantissa is an integer exactly if the exponent does not go below its point.
    let significant = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
    let zeros = i64::try_from(whole.len() - significant.len()).ok()?;
    let mut value: i128 = 0;
    for digit in significant.bytes().chain(fraction.bytes()) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    let shift = exponent.saturating_add(zeros).checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if value != 0 {
        // No 64-bit number has so many digits; the bound keeps an absurd exponent from costing anything.
        let factor = u32::try_from(shift).ok().filter(|shift| *shift <= 20)?;
        value = value.checked_mul(10_i128.pow(factor))?;
    }
    Some(if negative { -value } else { value })
}

/// The `double` that a JSON number is. `None` if it is not a number, or too large.
pub(crate) fn double(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| is_number(text) && value.is_finite())
}

/// The `float` that a JSON number is. `None` if it is not a number, or too large.
pub(crate) fn single(text: &str) -> Option<f32> {
    text.parse().ok().filter(|value: &f32| is_number(text) && value.is_finite())
}

/// The three numbers that JSON writes as strings.
pub(crate) fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_integer_is_taken_by_its_value() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("1e5", 100_000),
            ("100000.000", 100_000),
            ("1.5e1", 15),
            ("-12E+1", -120),
            ("1200e-2", 12),
            ("0.0000e999999999999999999999", 0),
            ("18446744073709551615", 18_446_744_073_709_551_615),
            ("-9223372036854775808", -9_223_372_036_854_775_808),
            ("10000000000000000000000e-22", 1),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        for text in [
            "",
            " 1",
            "1 ",
            "+1",
            "01",
            "0x10",
            "12abc",
            "0.5",
            "1e-1",
            "1e536870000",
            "1e99999999999999999999",
            "-",
            "--1",
            "true",
            "1.",
            ".5",
            "1e",
            "1234567890123456789012345678901234567890",
            "NaN",
            "1_000",
            "5e-99999999999999999999",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn a_float_that_does_not_fit_is_refused() {
        assert_eq!(single("3.402823e38"), Some(3.402_823e38));
        assert_eq!(single("3.502823e38"), None);
        assert_eq!(double("1.8e308"), None);
        assert_eq!(double("1e-400"), Some(0.0));
        assert_eq!(double("-0").map(f64::is_sign_negative), Some(true));
        for text in ["", "inf", "nan", "Infinity", "+1", "1.", ".5", "1 "] {
            assert_eq!(double(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_64_bit_integer_is_read(value in i64::MIN..=i64::MAX) {
            prop_assert_eq!(integer(&value.to_string()), Some(i128::from(value)));
            prop_assert_eq!(integer(&format!("{value}.000")), Some(i128::from(value)));
            prop_assert_eq!(integer(&format!("{value}0e-1")), Some(i128::from(value)));
        }
    }
}
