//! Between the types of the kernel and those of the contract.

use kernel::{Currency, Money, MoneyError, PageSize, Timestamp, Violation};
use ultramarket_api::r#type::v1 as pb;

/// A moment, as the contract has it.
#[must_use]
pub fn timestamp(moment: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = moment.parts();
    prost_types::Timestamp { seconds, nanos }
}

/// A moment from the contract; nanoseconds are cut to microseconds.
#[must_use]
pub fn moment(timestamp: &prost_types::Timestamp) -> Timestamp {
    Timestamp::from_micros(
        timestamp.seconds.saturating_mul(1_000_000).saturating_add(i64::from(timestamp.nanos / 1000)),
    )
}

/// An amount, as the contract has it.
#[must_use]
pub fn money(money: Money) -> pb::Money {
    pb::Money { currency_code: money.currency.code().to_owned(), amount_minor: money.minor }
}

/// An amount from the contract.
///
/// # Errors
/// An unknown currency.
pub fn amount(money: &pb::Money) -> Result<Money, MoneyError> {
    let currency: Currency = money.currency_code.parse()?;
    Ok(Money::new(currency, money.amount_minor))
}

/// The size of a page.
///
/// # Errors
/// A negative size, which the field rules refuse before.
pub fn page_size(requested: i32) -> Result<PageSize, crate::Error> {
    PageSize::new(requested)
        .map_err(|error| crate::Error::InvalidRequest(vec![Violation::new("pageSize", error.to_string())]))
}
