//! Whose cart a call is about.

use kernel::{random_token, sha256_hex};
use service_kit::Caller;

/// Who owns a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The account with the id.
    Account(String),
    /// Whoever has the secret with this digest.
    Guest(String),
}

/// A guest's secret. What is stored of it is its digest.
#[derive(Debug)]
pub(crate) struct Token(String);

impl Token {
    /// For a new guest.
    pub(crate) fn random() -> Self {
        Self(random_token())
    }

    /// The owner that it stands for.
    pub(crate) fn owner(&self) -> Owner {
        Owner::of_token(&self.0)
    }

    /// The secret, to be given to the guest and nobody else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl Owner {
    /// The owner that the caller is: their account whatever token they send along, so that the token of whoever used
    /// the device before leads nowhere. None is a guest without a cart.
    pub(crate) fn of(caller: &Caller) -> Option<Self> {
        match caller.signed_in() {
            Some(account) => Some(Self::Account(account.id.clone())),
            None => caller.cart_token().map(Self::of_token),
        }
    }

    /// The guest with the token.
    pub(crate) fn of_token(token: &str) -> Self {
        Self::Guest(sha256_hex(token.as_bytes()))
    }
}
