//! Money in minor units.

use std::{fmt, str::FromStr};

/// ISO 4217 codes in use whose minor unit is not a hundredth, with their exponent.
/// Source: ISO 4217 amendment list, table A.1. All other codes have two digits.
const EXPONENTS: [(&str, u32); 23] = [
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("ISK", 0),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("PYG", 0),
    ("RWF", 0),
    ("UGX", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
    ("BHD", 3),
    ("IQD", 3),
    ("JOD", 3),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("TND", 3),
];

/// ISO 4217 codes in use with two digits. Source as above; funds, metals and test codes left out.
const TWO_DIGITS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD \
    CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG \
    HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK \
    MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS \
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a code is three ASCII letters")
    }

    /// How many digits the minor unit has: 2 for `USD`, 0 for `JPY`, 3 for `KWD`.
    #[must_use]
    pub fn exponent(&self) -> u32 {
        EXPONENTS.iter().find(|(code, _)| *code == self.code()).map_or(2, |(_, exponent)| *exponent)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let known =
            EXPONENTS.iter().any(|(other, _)| *other == code) || TWO_DIGITS.split(' ').any(|other| other == code);
        match code.as_bytes().try_into() {
            Ok(bytes) if known => Ok(Self(bytes)),
            _ => Err(MoneyError::UnknownCurrency(code.chars().take(16).collect())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a calculation with money has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// No ISO 4217 code in use.
    #[error("unknown currency {0:?}")]
    UnknownCurrency(String),
    /// Amounts of different currencies do not add up.
    #[error("{0} and {1} do not mix")]
    Mixed(Currency, Currency),
    /// The amount does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

/// An amount of money: whole minor units of one currency, never a floating-point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// The currency.
    pub currency: Currency,
    /// The amount in minor units: 1999 is 19.99 dollars.
    pub minor: i64,
}

impl Money {
    /// An amount.
    #[must_use]
    pub const fn new(currency: Currency, minor: i64) -> Self {
        Self { currency, minor }
    }

    /// The sum.
    ///
    /// # Errors
    /// Different currencies; a sum beyond 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// So many times the amount.
    ///
    /// # Errors
    /// A product beyond 64 bits.
    pub fn checked_mul(self, quantity: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(quantity).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The sum of amounts of one currency; nothing for no amounts.
    ///
    /// # Errors
    /// As [`Money::checked_add`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Option<Self>, MoneyError> {
        amounts.into_iter().try_fold(None, |sum: Option<Self>, amount| match sum {
            None => Ok(Some(amount)),
            Some(sum) => sum.checked_add(amount).map(Some),
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let unit = 10_u64.pow(self.currency.exponent());
        let (whole, rest) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        match self.currency.exponent() {
            0 => write!(f, "{sign}{whole} {}", self.currency),
            digits => write!(f, "{sign}{whole}.{rest:0width$} {}", self.currency, width = digits as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(code: &str, minor: i64) -> Money {
        Money::new(code.parse().expect("a known currency"), minor)
    }

    #[test]
    fn amounts_print_with_the_digits_of_their_currency() {
        assert_eq!(money("USD", 1999).to_string(), "19.99 USD");
        assert_eq!(money("USD", -5).to_string(), "-0.05 USD");
        assert_eq!(money("JPY", 1999).to_string(), "1999 JPY");
        assert_eq!(money("KWD", 1999).to_string(), "1.999 KWD");
    }

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let mixed = money("USD", 1).checked_add(money("EUR", 1));
        assert_eq!(mixed, Err(MoneyError::Mixed("USD".parse().expect("known"), "EUR".parse().expect("known"))));
        assert_eq!(money("USD", i64::MAX).checked_add(money("USD", 1)), Err(MoneyError::Overflow));
        assert_eq!(money("USD", i64::MAX).checked_mul(2), Err(MoneyError::Overflow));
        assert_eq!(Money::sum([money("USD", 1), money("USD", 2)]), Ok(Some(money("USD", 3))));
        assert_eq!(Money::sum([]), Ok(None));
    }

    #[test]
    fn only_codes_of_the_standard_are_currencies() {
        for code in ["", "usd", "US", "USDX", "XXX", "ÄÖ"] {
            assert!(code.parse::<Currency>().is_err(), "{code:?}");
        }
    }
}
