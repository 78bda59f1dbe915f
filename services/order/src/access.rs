//! Whose order it is. To everybody else it does not exist.

use service_kit::Caller;

use crate::{
    domain::{
        order::{Buyer, Order},
        saga::Reason,
    },
    token::OrderTokens,
};

/// Why a caller may see an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// They bought it.
    Buyer,
    /// They administrate the marketplace.
    Admin,
}

impl Relation {
    /// The reason of a cancellation that they ask for.
    pub(crate) fn cancels_as(self) -> Reason {
        match self {
            Self::Buyer => Reason::CancelledByCustomer,
            Self::Admin => Reason::CancelledByAdmin,
        }
    }
}

/// Decides who may see which order.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    tokens: OrderTokens,
}

impl Access {
    pub(crate) fn new(tokens: OrderTokens) -> Self {
        Self { tokens }
    }

    /// What the order is to the caller; `None` when it is none of their business.
    pub(crate) fn relation(&self, caller: &Caller, order: &Order) -> Option<Relation> {
        let bought = match &order.buyer {
            Buyer::Account(id) => caller.signed_in().is_some_and(|account| account.id == *id),
            Buyer::Guest => caller.order_token().is_some_and(|token| self.tokens.proves(order.id, token)),
        };
        if bought {
            return Some(Relation::Buyer);
        }
        caller.is_admin().then_some(Relation::Admin)
    }
}
