//! From a cart to what is bought: which carts can be ordered, and for how much.

use kernel::{Currency, Money, MoneyError};

use crate::domain::order::{CartVersion, Line};

/// How many lines an order may have, as many as a cart.
pub(crate) const MAX_LINES: usize = 200;

/// A cart as it is now, with what the catalog asks for its lines at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) cart: CartVersion,
    pub(crate) lines: Vec<Offered>,
}

/// A line of the cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It can be bought.
    Buyable { sku: String, product_id: String, title: String, quantity: i32, unit_price: Money },
    /// It cannot be bought as it is.
    Problem(LineProblem),
}

/// A line that cannot be bought as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineProblem {
    pub(crate) sku: String,
    pub(crate) requested: i32,
    /// How many there are; `None` when it is not for sale at all.
    pub(crate) available: Option<i64>,
}

/// What is bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purchase {
    pub(crate) cart: CartVersion,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Money,
}

/// Why a cart is not ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nothing is in it.
    #[error("the cart is empty")]
    Empty,
    /// Some lines cannot be bought.
    #[error("{} lines of the cart cannot be bought as they are", .0.len())]
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

impl Offer {
    /// Accepts the offer, if it can be bought and costs what the shopper was shown: a currency code and minor units.
    pub(crate) fn accept(self, shown: Option<(&str, i64)>) -> Result<Purchase, Refusal> {
        let mut lines = Vec::with_capacity(self.lines.len());
        let mut problems = Vec::new();
        for line in self.lines {
            match line {
                Offered::Buyable { sku, product_id, title, quantity, unit_price } => {
                    let total = unit_price.checked_mul(i64::from(quantity)).map_err(refusal)?;
                    lines.push(Line { sku, product_id, title, quantity, unit_price, total });
                }
                Offered::Problem(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Refusal::Problems(problems));
        }
        if lines.len() > MAX_LINES {
            return Err(Refusal::TooLarge);
        }
        let total = Money::sum(lines.iter().map(|line| line.total)).map_err(refusal)?.ok_or(Refusal::Empty)?;
        if shown.is_some_and(|(currency, minor)| currency != total.currency.code() || minor != total.minor) {
            return Err(Refusal::TotalChanged { current: total });
        }
        Ok(Purchase { cart: self.cart, lines, total })
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

    fn line(sku: &str, quantity: i32, unit_price: Money) -> Offered {
        Offered::Buyable { sku: sku.into(), product_id: "p".into(), title: "Lamp".into(), quantity, unit_price }
    }

    fn offer(lines: Vec<Offered>) -> Offer {
        Offer { cart: CartVersion { id: "cart".into(), version: 3 }, lines }
    }

    #[test]
    fn lines_add_up() {
        let purchase = offer(vec![line("A", 3, money("USD", 199)), line("B", 1, money("USD", 5))])
            .accept(Some(("USD", 602)))
            .expect("can be bought");
        assert_eq!(purchase.total, money("USD", 602));
        assert_eq!(purchase.lines[0].total, money("USD", 597));
        assert_eq!(purchase.cart.version, 3);
    }

    #[test]
    fn another_total_than_was_shown_is_refused_with_the_current_one() {
        let changed = Err(Refusal::TotalChanged { current: money("USD", 199) });
        for shown in [("USD", 198), ("EUR", 199), ("", 0)] {
            assert_eq!(offer(vec![line("A", 1, money("USD", 199))]).accept(Some(shown)), changed, "{shown:?}");
        }
    }

    #[test]
    fn carts_that_cannot_be_paid_at_once_are_refused() {
        assert_eq!(offer(vec![]).accept(None), Err(Refusal::Empty));
        let mixed = offer(vec![line("A", 1, money("USD", 1)), line("B", 1, money("EUR", 1))]).accept(None);
        assert!(matches!(mixed, Err(Refusal::Currencies(..))));
        assert_eq!(offer(vec![line("A", 2, money("USD", i64::MAX))]).accept(None), Err(Refusal::TooLarge));
        let many = (0..=MAX_LINES).map(|n| line(&n.to_string(), 1, money("USD", 1))).collect();
        assert_eq!(offer(many).accept(None), Err(Refusal::TooLarge));
    }

    #[test]
    fn every_line_with_a_problem_is_named() {
        let gone = LineProblem { sku: "B".into(), requested: 1, available: None };
        let short = LineProblem { sku: "C".into(), requested: 5, available: Some(2) };
        let lines =
            vec![line("A", 1, money("USD", 1)), Offered::Problem(gone.clone()), Offered::Problem(short.clone())];
        assert_eq!(offer(lines).accept(None), Err(Refusal::Problems(vec![gone, short])));
    }
}
