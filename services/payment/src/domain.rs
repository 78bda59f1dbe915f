//! What a payment is and how it moves. Pure: no I/O, no clock, no framework.
//!
//! A payment is a set of facts that its provider reported (the [`ledger`]), the calls that we made of it
//! ([`attempt`]) and what the checkout wants of it. Facts may come in any order and any number of times; amounts and
//! status are derived from them, so their order does not matter. [`payment::Payment`] decides what to do next.

pub(crate) mod attempt;
pub(crate) mod ledger;
pub(crate) mod payer;
pub(crate) mod payment;
mod plan;

pub(crate) use plan::{Answer, Cancelled, Status};

#[cfg(test)]
mod tests;

/// An enum whose values are stored and logged by name.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// How it is stored.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// From how it is stored.
            pub(crate) fn named(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use named;

kernel::id!(pub(crate) PaymentId, "a payment");
