//! What each token of the sandbox does.
//!
//! | token | what happens |
//! |---|---|
//! | `tok_visa` | succeeds |
//! | `tok_declined`, `tok_insufficient_funds`, `tok_expired_card` | is declined for that reason |
//! | `tok_3ds` | must be confirmed by the shopper, then succeeds |
//! | `tok_timeout_before` | the first authorization and the first capture are lost on their way there |
//! | `tok_timeout_after` | the answers to the first authorization and the first capture are lost on their way back |
//! | `tok_slow` | the authorization takes its time |
//! | `tok_flaky` | every other call fails with an internal error |
//! | anything else | is declined as no payment method |

use crate::domain::attempt::Operation;

/// What a token does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Succeeds,
    Declines(&'static str),
    NeedsConfirmation,
    LosesCall,
    LosesAnswer,
    IsSlow,
    FailsEveryOther,
}

impl Behaviour {
    pub(crate) fn of(token: &str) -> Self {
        match token {
            "tok_visa" => Self::Succeeds,
            "tok_declined" => Self::Declines("CARD_DECLINED"),
            "tok_insufficient_funds" => Self::Declines("INSUFFICIENT_FUNDS"),
            "tok_expired_card" => Self::Declines("EXPIRED_CARD"),
            "tok_3ds" => Self::NeedsConfirmation,
            "tok_timeout_before" => Self::LosesCall,
            "tok_timeout_after" => Self::LosesAnswer,
            "tok_slow" => Self::IsSlow,
            "tok_flaky" => Self::FailsEveryOther,
            _ => Self::Declines("INVALID_PAYMENT_METHOD"),
        }
    }

    pub(crate) fn is_slow(self, operation: Operation) -> bool {
        self == Self::IsSlow && operation == Operation::Authorize
    }

    /// The call never arrives. Calls are counted by key.
    pub(crate) fn loses_call(self, operation: Operation, calls_before: i32) -> bool {
        self == Self::LosesCall && calls_before == 0 && charges(operation)
    }

    /// It arrives, and its answer does not.
    pub(crate) fn loses_answer(self, operation: Operation, calls_before: i32) -> bool {
        self == Self::LosesAnswer && calls_before == 0 && charges(operation)
    }

    /// It arrives and breaks something.
    pub(crate) fn fails(self, calls_before: i32) -> bool {
        self == Self::FailsEveryOther && calls_before % 2 == 0
    }
}

fn charges(operation: Operation) -> bool {
    matches!(operation, Operation::Authorize | Operation::Capture)
}
