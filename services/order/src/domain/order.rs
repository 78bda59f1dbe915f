//! An order: what was bought, by whom, and how far it is.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::saga::Saga;

kernel::id!(pub(crate) OrderId, "an order");
kernel::id!(pub(crate) PaymentId, "a payment");

impl OrderId {
    /// The number for people: 40 random bits of the id, in letters and digits that are not mistaken for each other.
    pub(crate) fn number(self) -> String {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let bits = self.0.as_u128();
        let digit = |place: u32| char::from(DIGITS[((bits >> (5 * place)) & 31) as usize]);
        let half = |from: u32| (from..from + 4).rev().map(digit).collect::<String>();
        format!("UM-{}-{}", half(4), half(0))
    }

    /// Its bytes, for signing.
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Buyer {
    /// The account with the id.
    Account(String),
    /// Whoever holds the order's token.
    Guest,
}

impl Buyer {
    /// The account's id; empty for a guest, as in events.
    pub(crate) fn account_id(&self) -> &str {
        match self {
            Self::Account(id) => id,
            Self::Guest => "",
        }
    }
}

/// The cart that an order was made from, as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CartVersion {
    pub(crate) id: String,
    pub(crate) version: i64,
}

/// Where the parcel goes: a copy, which later edits of a profile do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) line1: String,
    pub(crate) line2: String,
    pub(crate) city: String,
    pub(crate) region: String,
    pub(crate) postal_code: String,
    pub(crate) country_code: String,
    pub(crate) phone: String,
}

/// A line of an order: a copy, which later edits of a product do not touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) product_id: String,
    pub(crate) title: String,
    pub(crate) quantity: i32,
    pub(crate) unit_price: Money,
    pub(crate) total: Money,
}

/// An order without its lines, which never change and are read where they are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) buyer: Buyer,
    pub(crate) cart: CartVersion,
    pub(crate) total: Money,
    pub(crate) payment_id: PaymentId,
    /// The provider's token, while the payment may still have to be asked for.
    pub(crate) payment_token: String,
    pub(crate) address: Address,
    pub(crate) email: String,
    pub(crate) placed_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Grows with every change that can be seen.
    pub(crate) version: i64,
    pub(crate) saga: Saga,
}

impl Order {
    /// Names the state of the order; changes when it changes.
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kernel::{SequenceIds, SystemIds};

    use super::*;

    #[test]
    fn a_number_has_two_groups_of_unmistakable_letters() {
        assert_eq!(OrderId::generate(&SequenceIds::default()).number(), "UM-0000-0000");
        let number = OrderId::generate(&SystemIds).number();
        assert_eq!(number.len(), "UM-7F3K-92QD".len());
        assert!(number.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric()));
        assert!(!number[2..].contains(['I', 'L', 'O', 'U']), "{number}");
    }

    #[test]
    fn numbers_of_different_orders_differ() {
        let numbers: HashSet<String> = (0..1000).map(|_| OrderId::generate(&SystemIds).number()).collect();
        assert_eq!(numbers.len(), 1000);
    }
}
