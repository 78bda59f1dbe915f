//! The secret that a guest needs to come back to an order.
//!
//! A token is derived from the order's id with a key that only this service's database has, so a repeated PlaceOrder
//! answers with the same token and nothing secret is stored per order.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::sha256;

use crate::domain::order::OrderId;

/// Makes and checks the tokens of guests' orders.
#[derive(Clone)]
pub(crate) struct OrderTokens(hmac::Key);

impl std::fmt::Debug for OrderTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OrderTokens")
    }
}

impl OrderTokens {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token of the order.
    pub(crate) fn of(&self, order: OrderId) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, order.as_bytes()))
    }

    /// The digest of the token, by which payment recognises it.
    pub(crate) fn digest_of(&self, order: OrderId) -> [u8; 32] {
        sha256(self.of(order).as_bytes())
    }

    /// Whether `token` is that of the order. Takes the same time wherever they differ.
    pub(crate) fn proves(&self, order: OrderId, token: &str) -> bool {
        let tag = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        hmac::verify(&self.0, order.as_bytes(), &tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemIds;

    use super::*;

    #[test]
    fn a_token_proves_its_own_order_only() {
        let tokens = OrderTokens::new(b"key");
        let (mine, other) = (OrderId::generate(&SystemIds), OrderId::generate(&SystemIds));
        let token = tokens.of(mine);
        assert_eq!(token, tokens.of(mine));
        assert!(tokens.proves(mine, &token));
        assert!(!tokens.proves(other, &token));
        assert!(!OrderTokens::new(b"another key").proves(mine, &token));
        for forged in ["", "A", "ä", &token[1..], &format!("{token}A")] {
            assert!(!tokens.proves(mine, forged), "{forged}");
        }
    }
}
