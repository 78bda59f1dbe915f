//! How the sandbox decides: a pure function of its books and a call.

use kernel::{Ids, Money};
use serde::{Deserialize, Serialize};

use super::token::Behaviour;
use crate::{
    domain::{
        attempt::{Call, Operation},
        ledger::{Event, Report},
        named,
    },
    provider::{CallError, Reply},
};

named! {
    /// How far an intent is.
    State {
        RequiresAction = "requires_action",
        Authorized = "authorized",
        Captured = "captured",
        Voided = "voided",
        Declined = "declined",
    }
}

/// What the sandbox knows of one authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) authorization_key: String,
    pub(crate) payment_id: String,
    pub(crate) order_id: String,
    pub(crate) token: String,
    pub(crate) state: State,
    pub(crate) amount: Money,
    pub(crate) refunded_minor: i64,
}

/// What the sandbox knows of one call, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    /// How often it was made.
    pub(crate) calls: i32,
    /// What was asked. A key that comes back with something else is refused.
    pub(crate) fingerprint: String,
    /// What was said, once something was.
    pub(crate) said: Option<Said>,
}

/// What is said to a call, the same each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// It happened.
    Happened { event: String, reference: String, amount_minor: i64, reason: String },
    /// It was refused, and nothing happened.
    Refused { reason: String },
    /// Something broke. Never stored.
    Broke,
}

/// How a call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Answer(Said),
    /// The answer gets lost.
    Silence,
}

/// What a call leads to.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    pub(crate) past: Past,
    /// The intent, if the call changed it: this is news for a webhook, too.
    pub(crate) news: Option<(Intent, Said)>,
}

/// Decides on a call.
pub(crate) fn decide(intent: Option<&Intent>, past: Option<&Past>, call: &Call, ids: &dyn Ids) -> Decision {
    let fingerprint = fingerprint(call);
    let calls = past.map_or(0, |past| past.calls);
    let mut past = past.cloned().unwrap_or_else(|| Past { calls, fingerprint: fingerprint.clone(), said: None });
    past.calls += 1;
    let token = intent.map_or(call.token.0.as_str(), |intent| intent.token.as_str());
    let behaviour = Behaviour::of(token);

    if past.fingerprint != fingerprint {
        let reused = Said::Refused { reason: "IDEMPOTENCY_KEY_REUSED".to_owned() };
        return Decision { verdict: Verdict::Answer(reused), past, news: None };
    }
    if behaviour.fails(calls) {
        return Decision { verdict: Verdict::Answer(Said::Broke), past, news: None };
    }
    if behaviour.loses_call(call.operation, calls) {
        return Decision { verdict: Verdict::Silence, past, news: None };
    }
    if let Some(said) = &past.said {
        return Decision { verdict: Verdict::Answer(said.clone()), past, news: None };
    }
    let (said, changed) = match step(intent, call, behaviour) {
        Ok((intent, event, amount_minor, reason)) => {
            let reference = format!("{}_{}", prefix(event), ids.uuid().simple());
            let event = event.name().to_owned();
            (Said::Happened { event, reference, amount_minor, reason: reason.to_owned() }, Some(intent))
        }
        Err(reason) => (Said::Refused { reason: reason.to_owned() }, None),
    };
    past.said = Some(said.clone());
    let news = changed.map(|intent| (intent, said.clone()));
    let lost = behaviour.loses_answer(call.operation, calls);
    Decision { verdict: if lost { Verdict::Silence } else { Verdict::Answer(said) }, past, news }
}

type Step = (Intent, Event, i64, &'static str);

/// The next state of the intent, what happened, with how much, and why not more.
fn step(intent: Option<&Intent>, call: &Call, behaviour: Behaviour) -> Result<Step, &'static str> {
    let opened = |state| Intent {
        authorization_key: call.authorization_key.clone(),
        payment_id: call.payment_id.to_string(),
        order_id: call.order_id.clone(),
        token: call.token.0.clone(),
        state,
        amount: call.amount,
        refunded_minor: 0,
    };
    let to = |intent: &Intent, state| Intent { state, ..intent.clone() };
    match (call.operation, intent) {
        (Operation::Authorize, None) => Ok(match behaviour {
            Behaviour::Declines(reason) => (opened(State::Declined), Event::Declined, call.amount.minor, reason),
            Behaviour::NeedsConfirmation => {
                (opened(State::RequiresAction), Event::ActionRequired, call.amount.minor, "")
            }
            Behaviour::Succeeds
            | Behaviour::LosesCall
            | Behaviour::LosesAnswer
            | Behaviour::IsSlow
            | Behaviour::FailsEveryOther => (opened(State::Authorized), Event::Authorized, call.amount.minor, ""),
        }),
        // Never seen and called off: the authorization that may still be on its way will find this.
        (Operation::Void, None) => Ok((opened(State::Voided), Event::Voided, 0, "")),
        (Operation::Confirm | Operation::Capture | Operation::Refund, None) => Err("NO_SUCH_AUTHORIZATION"),
        (operation, Some(intent)) => match (operation, intent.state) {
            (Operation::Confirm, State::RequiresAction) => {
                Ok((to(intent, State::Authorized), Event::Authorized, intent.amount.minor, ""))
            }
            (Operation::Capture, State::Authorized) if call.amount == intent.amount => {
                Ok((to(intent, State::Captured), Event::Captured, intent.amount.minor, ""))
            }
            (Operation::Void, State::Authorized) => {
                Ok((to(intent, State::Voided), Event::Voided, intent.amount.minor, ""))
            }
            (Operation::Void, State::RequiresAction | State::Declined | State::Voided) => {
                Ok((to(intent, State::Voided), Event::Voided, 0, ""))
            }
            (Operation::Refund, State::Captured) => refund(intent, call.amount),
            (
                Operation::Authorize | Operation::Confirm | Operation::Capture | Operation::Void | Operation::Refund,
                State::RequiresAction | State::Authorized | State::Captured | State::Voided | State::Declined,
            ) => Err("NOT_ALLOWED_IN_THIS_STATE"),
        },
    }
}

fn refund(intent: &Intent, amount: Money) -> Result<Step, &'static str> {
    let left = intent.amount.minor - intent.refunded_minor;
    if amount.currency != intent.amount.currency || !(0..=left).contains(&amount.minor) {
        return Err("MORE_THAN_WAS_CAPTURED");
    }
    let refunded_minor = intent.refunded_minor + amount.minor;
    Ok((Intent { refunded_minor, ..intent.clone() }, Event::Refunded, amount.minor, ""))
}

fn fingerprint(call: &Call) -> String {
    format!("{} {} {} {}", call.operation.name(), call.authorization_key, call.amount.minor, call.amount.currency)
}

fn prefix(event: Event) -> &'static str {
    match event {
        Event::ActionRequired | Event::Authorized | Event::Declined => "auth",
        Event::Captured => "cap",
        Event::Voided => "void",
        Event::Refunded => "re",
    }
}

impl Said {
    /// As the answer to `call`.
    pub(crate) fn into_reply(self, call: &Call) -> Result<Reply, CallError> {
        match self {
            Self::Happened { event, reference, amount_minor, reason } => {
                let unknown = || CallError::Lost { cause: format!("the answer {event:?} is not known") };
                Ok(Reply::Report(Report {
                    event_id: format!("{}:{event}", call.key),
                    order_id: call.order_id.clone(),
                    event: Event::named(&event).ok_or_else(unknown)?,
                    reference,
                    amount: Money::new(call.amount.currency, amount_minor),
                    reason,
                    expires: None,
                }))
            }
            Self::Refused { reason } => Err(CallError::Refused { reason }),
            Self::Broke => Err(CallError::Lost { cause: "500 Internal Server Error".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests;
