//! Prices as decimal text.

use kernel::Currency;

/// The minor units of a decimal amount: `125.95` in `USD` is 12595. Digits beyond the currency's are refused unless
/// they are zeros, because rounding a price is for its owner to decide.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn minor_units(text: &str, currency: Currency) -> Result<i64, String> {
    let wrong = |what: &str| format!("price {text:?} {what}");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(wrong("is no amount like 125.95"));
    }
    let exponent = currency.exponent() as usize;
    let (kept, beyond) = fraction.split_at(fraction.len().min(exponent));
    if beyond.bytes().any(|digit| digit != b'0') {
        return Err(wrong(&format!("has more decimals than {currency}, which has {exponent}")));
    }
    format!("{whole}{kept:0<exponent$}").parse().map_err(|_| wrong("is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str, code: &str) -> Result<i64, String> {
        minor_units(text, code.parse().expect("a known currency"))
    }

    #[test]
    fn decimals_follow_the_currency() {
        assert_eq!(minor("125.95", "USD"), Ok(12_595));
        assert_eq!(minor("125.9", "USD"), Ok(12_590));
        assert_eq!(minor("125", "USD"), Ok(12_500));
        assert_eq!(minor("125.", "USD"), Ok(12_500));
        assert_eq!(minor("0.10", "USD"), Ok(10));
        assert_eq!(minor("19.9900", "USD"), Ok(1_999));
        assert_eq!(minor("1200", "JPY"), Ok(1_200));
        assert_eq!(minor("1200.00", "JPY"), Ok(1_200));
        assert_eq!(minor("1.5", "KWD"), Ok(1_500));
    }

    #[test]
    fn what_is_no_exact_amount_is_refused() {
        for text in ["", ".", ".5", "-1", "+1", "1,299.00", "$5", "1e3", "1.2.3", "١", " 1"] {
            assert!(minor(text, "USD").is_err_and(|message| message.contains("is no amount")), "{text:?}");
        }
        assert_eq!(minor("1.999", "USD"), Err("price \"1.999\" has more decimals than USD, which has 2".into()));
        assert_eq!(minor("1.5", "JPY"), Err("price \"1.5\" has more decimals than JPY, which has 0".into()));
        assert!(minor("92233720368547758.08", "USD").is_err_and(|message| message.contains("too large")));
        assert_eq!(minor("92233720368547758.07", "USD"), Ok(i64::MAX));
    }
}
