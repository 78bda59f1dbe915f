//! The orders in which products can be listed.

use std::str::FromStr;

/// An order. Products that tie keep the order of relevance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Best fit first.
    Relevance,
    /// Cheapest first; products without a price last.
    Price,
    /// Dearest first; products without a price last.
    PriceDescending,
    /// What came to market last first.
    Newest,
}

/// A text that names no order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("order_by is one of: {}", Self::ALLOWED)]
pub struct UnknownOrder;

impl UnknownOrder {
    /// The orders there are.
    pub const ALLOWED: &str = "relevance, price, price desc, newest, rating";
}

impl FromStr for Order {
    type Err = UnknownOrder;

    /// `rating` is relevance as long as nobody rates products: all of them tie.
    fn from_str(text: &str) -> Result<Self, UnknownOrder> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        match words.as_slice() {
            [] | ["relevance" | "rating"] => Ok(Self::Relevance),
            ["price"] | ["price", "asc"] => Ok(Self::Price),
            ["price", "desc"] => Ok(Self::PriceDescending),
            ["newest"] => Ok(Self::Newest),
            _ => Err(UnknownOrder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_orders_of_the_contract_are_accepted() {
        for (text, order) in [
            ("", Order::Relevance),
            ("relevance", Order::Relevance),
            ("rating", Order::Relevance),
            ("price", Order::Price),
            (" price  desc ", Order::PriceDescending),
            ("newest", Order::Newest),
        ] {
            assert_eq!(text.parse(), Ok(order), "{text:?}");
        }
        for text in ["cost", "price descending", "newest desc", "price, newest", "_score", "price;"] {
            assert_eq!(text.parse::<Order>(), Err(UnknownOrder), "{text:?}");
        }
    }
}
