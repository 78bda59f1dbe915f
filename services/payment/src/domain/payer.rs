//! Who pays, and so who may see the payment.

use kernel::sha256;
use subtle::ConstantTimeEq;

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    /// An account.
    Account(String),
    /// Whoever holds the order's token, of which this is the SHA-256.
    Guest([u8; 32]),
    /// Nobody who can be recognised; the payment is seen by the checkout alone.
    Nobody,
}

impl Payer {
    /// Whether it is the payer who calls, by account and order token.
    pub(crate) fn is(&self, account: Option<&str>, order_token: Option<&str>) -> bool {
        match self {
            Self::Account(id) => account == Some(id.as_str()),
            Self::Guest(hash) => order_token.is_some_and(|token| sha256(token.as_bytes()).ct_eq(hash).into()),
            Self::Nobody => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_payer_is_the_payer() {
        let ann = Payer::Account("ann".into());
        assert!(ann.is(Some("ann"), None));
        assert!(!ann.is(Some("bob"), Some("ann")));
        assert!(!ann.is(None, None));
        let guest = Payer::Guest(sha256(b"token"));
        assert!(guest.is(None, Some("token")));
        assert!(guest.is(Some("ann"), Some("token")));
        assert!(!guest.is(Some("ann"), Some("tokem")));
        assert!(!guest.is(None, Some("")));
        assert!(!Payer::Nobody.is(Some(""), Some("")));
    }
}
