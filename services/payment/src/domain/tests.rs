use kernel::{Money, Timestamp};

use super::{
    Answer, Cancelled, Status,
    attempt::{Due, Job, Operation, Outcome, PaymentToken, State},
    ledger::{Anomaly, Event, Ledger, Report},
    payer::Payer,
    payment::{CONFIRMATION_EXPIRED, NotConfirmable, Payment},
};

const NOW: Timestamp = Timestamp::from_micros(1_000_000);
const LEASE: Timestamp = Timestamp::from_micros(30_000_000);
const EXPIRES: Timestamp = Timestamp::from_micros(900_000_000);

fn usd(minor: i64) -> Money {
    Money::new("USD".parse().expect("a currency"), minor)
}

fn begun() -> Payment {
    Payment {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("an id"),
        order_id: "o".into(),
        payer: Payer::Nobody,
        provider: "sandbox".into(),
        amount: usd(500),
        token: PaymentToken("tok_visa".into()),
        capture_wanted: false,
        cancel_wanted: false,
        failure: String::new(),
        action_expires: None,
        attempts: Vec::new(),
        ledger: Ledger::default(),
        created_at: NOW,
        updated_at: NOW,
    }
    .begin()
}

fn report(event: Event, reference: &str) -> Report {
    Report {
        event_id: format!("evt {event:?} {reference}"),
        order_id: "o".into(),
        event,
        reference: reference.into(),
        amount: usd(500),
        reason: String::new(),
        expires: None,
    }
}

fn happened(event: Event, reference: &str) -> Outcome {
    Outcome::Reported(report(event, reference))
}

trait Steps {
    fn send(&mut self, key: &str) -> Job;
    fn settles(&mut self, key: &str, outcome: &Outcome);
}

impl Steps for Payment {
    fn send(&mut self, key: &str) -> Job {
        self.claim(key, NOW, LEASE).expect("is due")
    }

    fn settles(&mut self, key: &str, outcome: &Outcome) {
        self.settle(key, outcome, EXPIRES).expect("is no anomaly");
    }
}

fn authorized() -> Payment {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    payment.settles("ord:o:1:authorize", &happened(Event::Authorized, "auth"));
    payment
}

fn captured() -> Payment {
    let mut payment = authorized();
    payment.capture();
    payment.send("ord:o:1:capture");
    payment.settles("ord:o:1:capture", &happened(Event::Captured, "cap"));
    payment
}

#[test]
fn a_payment_is_held_and_then_taken() {
    let mut payment = begun();
    assert_eq!((payment.status(), payment.answer()), (Status::Processing, None));
    assert!(matches!(payment.send("ord:o:1:authorize"), Job::Make(call) if call.token.0 == "tok_visa"));
    payment.settles("ord:o:1:authorize", &happened(Event::Authorized, "auth"));
    assert_eq!((payment.status(), payment.answer()), (Status::Authorized, Some(Answer::Authorized)));
    assert_eq!(payment.token, PaymentToken::default(), "the token is not kept longer than needed");
    payment.capture();
    assert_eq!(payment.answer(), Some(Answer::Authorized));
    assert!(matches!(payment.send("ord:o:1:capture"), Job::Make(call) if call.authorization == "auth"));
    payment.settles("ord:o:1:capture", &happened(Event::Captured, "cap"));
    assert_eq!((payment.status(), payment.answer()), (Status::Captured, Some(Answer::Captured)));
    assert_eq!(payment.balance().kept(), 500);
}

#[test]
fn a_decline_is_final() {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    let declined = Report { reason: "CARD_DECLINED".into(), ..report(Event::Declined, "auth") };
    payment.settles("ord:o:1:authorize", &Outcome::Reported(declined));
    assert_eq!(payment.status(), Status::Declined);
    assert_eq!(payment.answer(), Some(Answer::Failed { reason: "CARD_DECLINED".into() }));
    payment.capture();
    assert_eq!(payment.attempts.len(), 1, "nothing is tried after a decline");
    payment.cancel();
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::NothingHeld)));
    assert_eq!(payment.status(), Status::Declined);
}

#[test]
fn a_lost_answer_is_looked_up_and_nothing_else_is_begun_meanwhile() {
    let mut payment = authorized();
    payment.capture();
    payment.send("ord:o:1:capture");
    payment.settles("ord:o:1:capture", &Outcome::Lost);
    assert_eq!((payment.status(), payment.answer()), (Status::Unknown, Some(Answer::Uncertain)));
    payment.capture();
    payment.cancel();
    assert_eq!(payment.attempts.len(), 2, "no attempt is begun beside one in doubt");
    assert_eq!(payment.answer(), None, "a cancellation is not answered while money may be taken");
    assert!(matches!(payment.send("ord:o:1:capture"), Job::Find(_)));
    payment.settles("ord:o:1:capture", &happened(Event::Captured, "cap"));
    assert!(matches!(payment.send("ord:o:1:refund"), Job::Make(call) if call.amount == usd(500)));
    payment.settles("ord:o:1:refund", &happened(Event::Refunded, "re"));
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::Refunded)));
    assert_eq!(payment.status(), Status::Refunded);
}

#[test]
fn a_call_that_never_arrived_is_sent_again_under_its_key() {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    payment.settles("ord:o:1:authorize", &Outcome::Lost);
    assert!(matches!(payment.send("ord:o:1:authorize"), Job::Find(_)));
    payment.settles("ord:o:1:authorize", &Outcome::Missing);
    assert!(matches!(payment.send("ord:o:1:authorize"), Job::Make(call) if call.token.0 == "tok_visa"));
    assert_eq!(payment.attempts.len(), 1);
}

#[test]
fn a_call_that_was_not_sent_is_called_off_without_asking_the_provider() {
    let mut payment = begun();
    payment.cancel();
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::NothingHeld)));
    assert_eq!(payment.status(), Status::Canceled);
    assert_eq!(payment.claim("ord:o:1:authorize", NOW, LEASE), None);
}

#[test]
fn an_authorization_that_may_still_arrive_is_voided_before_the_cancellation_is_answered() {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    payment.cancel();
    assert_eq!(payment.answer(), None);
    payment.settles("ord:o:1:authorize", &Outcome::Lost);
    payment.send("ord:o:1:authorize");
    payment.settles("ord:o:1:authorize", &Outcome::Missing);
    assert_eq!(payment.answer(), None);
    assert!(matches!(payment.send("ord:o:1:void"), Job::Make(call) if call.authorization_key == "ord:o:1:authorize"));
    let voided = Report { amount: usd(0), ..report(Event::Voided, "void") };
    payment.settles("ord:o:1:void", &Outcome::Reported(voided));
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::NothingHeld)));
}

#[test]
fn a_void_or_refund_that_is_refused_is_tried_anew_for_ever() {
    let mut payment = authorized();
    payment.cancel();
    for number in 1..=3 {
        let key = format!("ord:o:{number}:void");
        payment.send(&key);
        payment.settles(&key, &Outcome::Refused("NOT_NOW".into()));
        assert_eq!(payment.answer(), None);
    }
    assert_eq!(payment.latest(Operation::Void).map(|attempt| attempt.due), Some(Due::After(3)));
    payment.send("ord:o:4:void");
    payment.settles("ord:o:4:void", &happened(Event::Voided, "void"));
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::Voided)));
}

#[test]
fn money_that_turns_up_after_a_cancellation_goes_back() {
    let mut payment = authorized();
    payment.cancel();
    payment.send("ord:o:1:void");
    payment.settles("ord:o:1:void", &happened(Event::Voided, "void"));
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::Voided)));
    payment.report(&report(Event::Captured, "late"), EXPIRES).expect("is no anomaly");
    assert_eq!((payment.status(), payment.answer()), (Status::Captured, None));
    payment.send("ord:o:1:refund");
    payment.settles("ord:o:1:refund", &happened(Event::Refunded, "re"));
    assert_eq!(payment.answer(), Some(Answer::Cancelled(Cancelled::Refunded)));
}

#[test]
fn a_refused_capture_lifts_the_hold_and_fails() {
    let mut payment = authorized();
    payment.capture();
    payment.send("ord:o:1:capture");
    payment.settles("ord:o:1:capture", &Outcome::Refused("AUTHORIZATION_EXPIRED".into()));
    assert_eq!(payment.answer(), None);
    payment.send("ord:o:1:void");
    payment.settles("ord:o:1:void", &happened(Event::Voided, "void"));
    assert_eq!(payment.answer(), Some(Answer::Failed { reason: "AUTHORIZATION_EXPIRED".into() }));
    assert_eq!(payment.status(), Status::Canceled);
}

#[test]
fn a_shopper_confirms_once_and_in_time() {
    let mut payment = begun();
    assert_eq!(payment.confirm(NOW), Err(NotConfirmable), "nothing was asked yet");
    payment.send("ord:o:1:authorize");
    payment.settles("ord:o:1:authorize", &happened(Event::ActionRequired, "auth"));
    assert_eq!(payment.status(), Status::RequiresAction);
    assert_eq!(payment.answer(), Some(Answer::ActionRequired { expires: Some(EXPIRES) }));
    assert_eq!(payment.clone().confirm(EXPIRES), Err(NotConfirmable), "too late");
    assert_eq!(payment.confirm(NOW), Ok(()));
    assert_eq!(payment.confirm(NOW), Ok(()));
    assert_eq!((payment.attempts.len(), payment.status()), (2, Status::Processing));
    payment.send("ord:o:1:confirm");
    payment.settles("ord:o:1:confirm", &happened(Event::Authorized, "auth"));
    assert_eq!(payment.answer(), Some(Answer::Authorized));
    assert_eq!(payment.confirm(EXPIRES), Ok(()), "it has gone on since");
}

#[test]
fn a_shopper_who_does_not_confirm_in_time_pays_nothing() {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    payment.settles("ord:o:1:authorize", &happened(Event::ActionRequired, "auth"));
    assert_eq!(payment.claim("ord:o:1:authorize", EXPIRES, LEASE), None);
    assert_eq!(payment.confirm(NOW), Err(NotConfirmable));
    assert_eq!(payment.answer(), None, "the bank may still say yes");
    payment.report(&report(Event::Authorized, "auth"), EXPIRES).expect("is no anomaly");
    payment.send("ord:o:1:void");
    payment.settles("ord:o:1:void", &happened(Event::Voided, "void"));
    assert_eq!(payment.answer(), Some(Answer::Failed { reason: CONFIRMATION_EXPIRED.into() }));
    assert_eq!(payment.status(), Status::Canceled);
}

#[test]
fn a_webhook_may_come_before_the_answer_and_the_answer_then_changes_nothing() {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    let webhook = Report { event_id: "evt_1".into(), ..report(Event::Authorized, "auth") };
    payment.report(&webhook, EXPIRES).expect("is no anomaly");
    let decided = payment.clone();
    assert_eq!(decided.answer(), Some(Answer::Authorized));
    payment.settles("ord:o:1:authorize", &happened(Event::Authorized, "auth"));
    payment.settles("ord:o:1:authorize", &Outcome::Lost);
    assert_eq!(payment, decided);
}

#[test]
fn reports_in_reverse_lead_to_the_same_amounts() {
    let events = [Event::Authorized, Event::Captured, Event::Refunded];
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    for event in events.into_iter().rev() {
        payment.report(&report(event, event.name()), EXPIRES).expect("is no anomaly");
        let balance = payment.balance();
        assert!(balance.refunded <= balance.captured && balance.captured <= balance.authorized, "{balance:?}");
    }
    assert_eq!(payment.status(), Status::Refunded);
    assert_eq!(payment.latest(Operation::Authorize).map(|attempt| attempt.state), Some(State::Authorized));
}

#[test]
fn what_cannot_be_true_changes_nothing() {
    let payment = captured();
    let twice = report(Event::Captured, "another");
    let less = Report { amount: usd(499), ..report(Event::Captured, "another") };
    let foreign = Report { amount: Money::new("EUR".parse().expect("a currency"), 500), ..twice.clone() };
    let other = Report { order_id: "other".into(), ..twice.clone() };
    let too_much = Report { amount: usd(501), ..report(Event::Refunded, "re") };
    for (wrong, anomaly) in [
        (twice, Anomaly::Exceeds(Event::Captured)),
        (less, Anomaly::Amount { reported: usd(499), ours: usd(500) }),
        (foreign.clone(), Anomaly::Amount { reported: foreign.amount, ours: usd(500) }),
        (other, Anomaly::Order("other".into())),
        (too_much, Anomaly::Amount { reported: usd(501), ours: usd(500) }),
    ] {
        let mut told = payment.clone();
        assert_eq!(told.report(&wrong, EXPIRES), Err(anomaly));
        assert_eq!(told, payment);
    }
}

#[test]
fn an_answer_that_cannot_be_true_leaves_its_call_in_doubt() {
    let mut payment = begun();
    payment.send("ord:o:1:authorize");
    let wrong = Outcome::Reported(Report { amount: usd(1), ..report(Event::Authorized, "auth") });
    assert!(payment.settle("ord:o:1:authorize", &wrong, EXPIRES).is_err());
    assert_eq!(payment.status(), Status::Unknown);
}

#[test]
fn a_token_is_never_printed() {
    assert!(!format!("{:?}", begun()).contains("tok_visa"));
}
