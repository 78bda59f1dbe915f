//! From a cart to what is bought: which carts can be ordered, and for how much.

use std::collections::HashMap;

use kernel::{Currency, Money, MoneyError};

use crate::domain::order::{CartVersion, Line};

/// How many lines an order may have, as many as a cart.
pub(crate) const MAX_LINES: usize = 200;

/// What is in a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basket {
    pub(crate) cart: CartVersion,
    pub(crate) lines: Vec<BasketLine>,
}

/// A line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasketLine {
    pub(crate) sku: String,
    pub(crate) quantity: i32,
    /// Why it cannot be bought as it is.
    pub(crate) problem: Option<Problem>,
}

/// Why a line cannot be bought as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is not for sale any more.
    Gone,
    /// There are only so many.
    Short { available: i64 },
}

/// What the catalog has under a SKU at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) product_id: String,
    pub(crate) title: String,
    pub(crate) price: Money,
}

/// What is bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purchase {
    pub(crate) cart: CartVersion,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Money,
}

/// A line that keeps a cart from being ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineProblem {
    pub(crate) sku: String,
    pub(crate) requested: i32,
    pub(crate) problem: Problem,
}

/// Why a cart is not ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nothing is in it.
    #[error("the cart is empty")]
    Empty,
    /// Some lines cannot be bought.
    #[error("the cart has lines that cannot be bought as they are")]
    Problems(Vec<LineProblem>),
    /// Its lines are priced in different currencies.
    #[error("the cart has prices in {0} and {1}, which one payment cannot cover")]
    Currencies(Currency, Currency),
    /// More lines, or more money, than one order can have.
    #[error("the cart is too large for one order")]
    TooLarge,
    /// It costs something else than the shopper was shown.
    #[error("the total is {current} now")]
    TotalChanged {
        /// What it costs now.
        current: Money,
    },
}

impl Basket {
    /// Whether it can be bought, as far as the cart knows.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.lines.is_empty() {
            return Err(Refusal::Empty);
        }
        let problem_of = |line: &BasketLine| line.problem.map(|problem| line.with(problem));
        let problems: Vec<LineProblem> = self.lines.iter().filter_map(problem_of).collect();
        if !problems.is_empty() {
            return Err(Refusal::Problems(problems));
        }
        if self.lines.len() > MAX_LINES { Err(Refusal::TooLarge) } else { Ok(()) }
    }

    /// The purchase at the prices of the catalog.
    pub(crate) fn at(self, mut listings: HashMap<String, Listing>) -> Result<Purchase, Refusal> {
        let mut lines = Vec::with_capacity(self.lines.len());
        let mut gone = Vec::new();
        for line in self.lines {
            let Some(Listing { product_id, title, price }) = listings.remove(&line.sku) else {
                gone.push(line.with(Problem::Gone));
                continue;
            };
            let BasketLine { sku, quantity, .. } = line;
            let total = price.checked_mul(i64::from(quantity)).map_err(refusal)?;
            lines.push(Line { sku, product_id, title, quantity, unit_price: price, total });
        }
        if !gone.is_empty() {
            return Err(Refusal::Problems(gone));
        }
        let total = Money::sum(lines.iter().map(|line| line.total)).map_err(refusal)?.ok_or(Refusal::Empty)?;
        Ok(Purchase { cart: self.cart, lines, total })
    }
}

impl BasketLine {
    fn with(&self, problem: Problem) -> LineProblem {
        LineProblem { sku: self.sku.clone(), requested: self.quantity, problem }
    }
}

impl Purchase {
    /// Whether it costs what the shopper was shown: a currency code and minor units.
    pub(crate) fn costs(&self, shown: Option<(&str, i64)>) -> Result<(), Refusal> {
        match shown {
            Some((currency, minor)) if currency != self.total.currency.code() || minor != self.total.minor => {
                Err(Refusal::TotalChanged { current: self.total })
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn refusal(error: MoneyError) -> Refusal {
    match error {
        MoneyError::Mixed(one, other) => Refusal::Currencies(one, other),
        MoneyError::Overflow | MoneyError::UnknownCurrency(_) => Refusal::TooLarge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(code: &str, minor: i64) -> Money {
        Money::new(code.parse().expect("a currency"), minor)
    }

    fn line(sku: &str, quantity: i32) -> BasketLine {
        BasketLine { sku: sku.into(), quantity, problem: None }
    }

    fn basket(lines: Vec<BasketLine>) -> Basket {
        Basket { cart: CartVersion { id: "cart".into(), version: 3 }, lines }
    }

    fn listings(prices: &[(&str, Money)]) -> HashMap<String, Listing> {
        let listing = |&(sku, price): &(&str, Money)| {
            (sku.into(), Listing { product_id: "p".into(), title: "Lamp".into(), price })
        };
        prices.iter().map(listing).collect()
    }

    #[test]
    fn lines_add_up_at_the_prices_of_the_catalog() {
        let prices = listings(&[("A", money("USD", 199)), ("B", money("USD", 5)), ("C", money("USD", 7))]);
        let purchase = basket(vec![line("A", 3), line("B", 1)]).at(prices).expect("can be bought");
        assert_eq!((purchase.total, purchase.lines[0].total), (money("USD", 602), money("USD", 597)));
        assert_eq!((purchase.lines.len(), purchase.cart.version), (2, 3));
    }

    #[test]
    fn another_total_than_was_shown_is_refused_with_the_current_one() {
        let purchase = basket(vec![line("A", 1)]).at(listings(&[("A", money("USD", 199))])).expect("can be bought");
        let changed = Err(Refusal::TotalChanged { current: money("USD", 199) });
        for shown in [("USD", 198), ("EUR", 199), ("", 0)] {
            assert_eq!(purchase.costs(Some(shown)), changed, "{shown:?}");
        }
        assert_eq!(purchase.costs(Some(("USD", 199))), Ok(()));
        assert_eq!(purchase.costs(None), Ok(()));
    }

    #[test]
    fn carts_that_cannot_be_paid_at_once_are_refused() {
        assert_eq!(basket(vec![]).check(), Err(Refusal::Empty));
        let prices = listings(&[("A", money("USD", 1)), ("B", money("EUR", 1))]);
        assert!(matches!(basket(vec![line("A", 1), line("B", 1)]).at(prices), Err(Refusal::Currencies(..))));
        let prices = listings(&[("A", money("USD", i64::MAX))]);
        assert_eq!(basket(vec![line("A", 2)]).at(prices), Err(Refusal::TooLarge));
        let many = (0..=MAX_LINES).map(|number| line(&number.to_string(), 1)).collect();
        assert_eq!(basket(many).check(), Err(Refusal::TooLarge));
    }

    #[test]
    fn every_line_with_a_problem_is_named() {
        let short = BasketLine { problem: Some(Problem::Short { available: 2 }), ..line("B", 5) };
        let gone = BasketLine { problem: Some(Problem::Gone), ..line("C", 1) };
        let problem = |sku: &str, requested, problem| LineProblem { sku: sku.into(), requested, problem };
        let named = vec![problem("B", 5, Problem::Short { available: 2 }), problem("C", 1, Problem::Gone)];
        assert_eq!(basket(vec![line("A", 1), short, gone]).check(), Err(Refusal::Problems(named)));
        let since = basket(vec![line("A", 1), line("D", 2)]).at(listings(&[("A", money("USD", 1))]));
        assert_eq!(since, Err(Refusal::Problems(vec![problem("D", 2, Problem::Gone)])));
    }
}
