use kernel::SequenceIds;

use super::*;
use crate::domain::attempt::{PaymentToken, key};

fn call(operation: Operation, token: &str) -> Call {
    Call {
        key: key("o", 1, operation),
        operation,
        payment_id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("an id"),
        order_id: "o".into(),
        amount: Money::new("USD".parse().expect("a currency"), 500),
        token: PaymentToken(token.into()),
        authorization_key: key("o", 1, Operation::Authorize),
        authorization: String::new(),
    }
}

fn happened(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Answer(Said::Happened { event, .. }) => event,
        other => panic!("{other:?} is not about something that happened"),
    }
}

fn refused(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Answer(Said::Refused { reason }) => reason,
        other => panic!("{other:?} is no refusal"),
    }
}

/// An intent after its authorization.
fn opened(token: &str) -> Intent {
    let decision = decide(None, None, &call(Operation::Authorize, token), &SequenceIds::default());
    decision.news.expect("an authorization is news").0
}

#[test]
fn a_key_takes_effect_once() {
    let ids = SequenceIds::default();
    let authorize = call(Operation::Authorize, "tok_visa");
    let first = decide(None, None, &authorize, &ids);
    let (intent, _) = first.news.expect("it is news");
    let again = decide(Some(&intent), Some(&first.past), &authorize, &ids);
    assert_eq!(again.verdict, first.verdict);
    assert!(again.news.is_none());
    assert_eq!(again.past.calls, 2);
}

#[test]
fn a_key_that_comes_back_with_something_else_is_refused() {
    let ids = SequenceIds::default();
    let authorize = call(Operation::Authorize, "tok_visa");
    let first = decide(None, None, &authorize, &ids);
    let more = Call { amount: Money::new(authorize.amount.currency, 501), ..authorize };
    let again = decide(None, Some(&first.past), &more, &ids);
    assert_eq!(refused(&again.verdict), "IDEMPOTENCY_KEY_REUSED");
    assert!(again.news.is_none());
}

#[test]
fn each_token_does_as_documented() {
    let first = |token| decide(None, None, &call(Operation::Authorize, token), &SequenceIds::default());
    assert_eq!(happened(&first("tok_visa").verdict), "authorized");
    assert_eq!(happened(&first("tok_slow").verdict), "authorized");
    assert_eq!(happened(&first("tok_3ds").verdict), "action_required");
    for (token, why) in [
        ("tok_declined", "CARD_DECLINED"),
        ("tok_insufficient_funds", "INSUFFICIENT_FUNDS"),
        ("tok_expired_card", "EXPIRED_CARD"),
        ("tok_unheard_of", "INVALID_PAYMENT_METHOD"),
        ("", "INVALID_PAYMENT_METHOD"),
    ] {
        let verdict = first(token).verdict;
        assert!(matches!(&verdict, Verdict::Answer(Said::Happened { reason, .. }) if reason == why), "{verdict:?}");
    }
    assert_eq!(first("tok_flaky").verdict, Verdict::Answer(Said::Broke));
    assert!(first("tok_flaky").news.is_none());
    assert_eq!(first("tok_timeout_before").verdict, Verdict::Silence);
    assert!(first("tok_timeout_before").news.is_none(), "it never arrived");
    assert_eq!(first("tok_timeout_after").verdict, Verdict::Silence);
    assert!(first("tok_timeout_after").news.is_some(), "it arrived");
}

#[test]
fn what_was_lost_is_answered_when_asked_again() {
    let ids = SequenceIds::default();
    for token in ["tok_timeout_before", "tok_timeout_after", "tok_flaky"] {
        let authorize = call(Operation::Authorize, token);
        let first = decide(None, None, &authorize, &ids);
        let intent = first.news.map(|(intent, _)| intent);
        let again = decide(intent.as_ref(), Some(&first.past), &authorize, &ids);
        assert_eq!(happened(&again.verdict), "authorized", "{token}");
    }
}

#[test]
fn an_authorization_that_was_called_off_before_it_arrived_is_refused() {
    let ids = SequenceIds::default();
    let void = decide(None, None, &call(Operation::Void, ""), &ids);
    assert_eq!(happened(&void.verdict), "voided");
    let (intent, said) = void.news.expect("it is news");
    assert!(matches!(said, Said::Happened { amount_minor: 0, .. }));
    let late = decide(Some(&intent), None, &call(Operation::Authorize, "tok_visa"), &ids);
    assert_eq!(refused(&late.verdict), "NOT_ALLOWED_IN_THIS_STATE");
}

#[test]
fn no_more_goes_back_than_was_taken() {
    let ids = SequenceIds::default();
    let intent = opened("tok_visa");
    assert_eq!(
        refused(&decide(Some(&intent), None, &call(Operation::Refund, ""), &ids).verdict),
        "NOT_ALLOWED_IN_THIS_STATE"
    );
    let (captured, _) = decide(Some(&intent), None, &call(Operation::Capture, ""), &ids).news.expect("it is news");
    let part = Call { amount: Money::new(intent.amount.currency, 200), ..call(Operation::Refund, "") };
    let (refunded, _) = decide(Some(&captured), None, &part, &ids).news.expect("it is news");
    assert_eq!(refunded.refunded_minor, 200);
    let rest = Call { key: "another".into(), ..call(Operation::Refund, "") };
    assert_eq!(refused(&decide(Some(&refunded), None, &rest, &ids).verdict), "MORE_THAN_WAS_CAPTURED");
}

#[test]
fn captures_and_voids_exclude_each_other() {
    let ids = SequenceIds::default();
    let intent = opened("tok_visa");
    let (captured, _) = decide(Some(&intent), None, &call(Operation::Capture, ""), &ids).news.expect("it is news");
    assert_eq!(
        refused(&decide(Some(&captured), None, &call(Operation::Void, ""), &ids).verdict),
        "NOT_ALLOWED_IN_THIS_STATE"
    );
    let (voided, _) = decide(Some(&intent), None, &call(Operation::Void, ""), &ids).news.expect("it is news");
    assert_eq!(
        refused(&decide(Some(&voided), None, &call(Operation::Capture, ""), &ids).verdict),
        "NOT_ALLOWED_IN_THIS_STATE"
    );
}
