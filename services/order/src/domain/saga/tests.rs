//! What the saga promises, checked on every state it can come to.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use proptest::prelude::*;

use super::{
    Cancellation, Command, Emission, Event, Fulfilment, Illegal, Lifecycle, Outcome, Patience, PaymentStatus, Reason,
    Saga, Shortage, State, Transition,
};
use kernel::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn begin() -> Saga {
    Saga::begin(NOW, &Patience::usual())
}

fn cancel() -> Event {
    Event::Cancel(Cancellation::new(Reason::CancelledByCustomer, "changed my mind"))
}

fn shortage() -> Shortage {
    Shortage { sku: "A".into(), requested: 2, available: 1 }
}

fn events() -> Vec<Event> {
    vec![
        Event::StockReserved,
        Event::StockRejected(vec![shortage()]),
        Event::StockCommitted,
        Event::StockCommitFailed,
        Event::StockReleased,
        Event::PaymentAuthorized,
        Event::PaymentActionRequired { until: None },
        Event::PaymentActionRequired { until: Some(NOW + Duration::from_secs(60)) },
        Event::PaymentFailed { reason: "CARD_DECLINED".into() },
        Event::PaymentUncertain,
        Event::PaymentCaptured { in_full: true },
        Event::PaymentCaptured { in_full: false },
        Event::PaymentCancelled(Outcome::NothingHeld),
        Event::PaymentCancelled(Outcome::Voided),
        Event::PaymentCancelled(Outcome::Refunded),
        cancel(),
        Event::Due,
    ]
}

fn step(saga: &Saga, event: &Event) -> Option<Transition> {
    saga.step(event, NOW, &Patience::usual()).expect("unfulfilled orders can be cancelled")
}

/// The saga after `path`, each step of which must change it, and the last transition.
fn walk(path: &[Event]) -> (Saga, Transition) {
    let mut saga = begin();
    let mut last = None;
    for event in path {
        let transition = step(&saga, event).unwrap_or_else(|| panic!("{event:?} changes nothing in {saga:?}"));
        saga = transition.next.clone();
        last = Some(transition);
    }
    (saga, last.expect("a path has steps"))
}

/// The saga after its timer went once more, at the very moment.
fn timed_out(saga: &Saga) -> Transition {
    let now = saga.timer.expect("has a timer");
    saga.step(&Event::Due, now, &Patience::usual()).expect("time is no illegal command").expect("the timer changes it")
}

#[test]
fn a_purchase_goes_from_stock_to_money_to_stock_to_money() {
    let mut saga = begin();
    let path = [
        (Event::StockReserved, State::Authorizing, Some(Command::AuthorizePayment)),
        (Event::PaymentAuthorized, State::Committing, Some(Command::CommitStock)),
        (Event::StockCommitted, State::Capturing, Some(Command::CapturePayment)),
        (Event::PaymentCaptured { in_full: true }, State::Confirmed, None),
    ];
    for (event, state, command) in path {
        assert_eq!(saga.lifecycle(), Lifecycle::Pending);
        let transition = step(&saga, &event).expect("goes on");
        assert_eq!((transition.next.state, transition.command), (state, command));
        assert_eq!(transition.emission.is_some(), state == State::Confirmed);
        saga = transition.next;
    }
    assert_eq!((saga.lifecycle(), saga.payment, saga.timer), (Lifecycle::Confirmed, PaymentStatus::Paid, None));
}

#[test]
fn want_of_stock_ends_the_order_at_once_and_says_which_lines() {
    let (saga, last) = walk(&[Event::StockRejected(vec![shortage()])]);
    assert_eq!((saga.state, last.command, last.emission), (State::Cancelled, None, Some(Emission::Cancelled)));
    let cancellation = saga.cancellation.expect("has a reason");
    assert_eq!((cancellation.reason, cancellation.shortages), (Reason::OutOfStock, vec![shortage()]));
}

#[test]
fn a_decline_gives_the_stock_back_and_keeps_its_reason() {
    let (saga, last) = walk(&[Event::StockReserved, Event::PaymentFailed { reason: "EXPIRED_CARD".into() }]);
    assert_eq!((saga.state, last.command), (State::Releasing, Some(Command::ReleaseStock)));
    let last = step(&saga, &Event::StockReleased).expect("goes on");
    assert_eq!((last.next.lifecycle(), last.next.payment), (Lifecycle::Cancelled, PaymentStatus::Failed));
    let cancellation = last.next.cancellation.expect("has a reason");
    assert_eq!((cancellation.reason, cancellation.detail.as_str()), (Reason::PaymentDeclined, "EXPIRED_CARD"));
}

#[test]
fn a_shopper_has_until_the_bank_or_our_patience_says() {
    let patience = Patience::usual();
    for (asked, given) in [
        (None, NOW + patience.confirm),
        (Some(NOW + Duration::from_secs(60)), NOW + Duration::from_secs(60)),
        (Some(NOW + Duration::from_secs(86_400)), NOW + patience.confirm),
    ] {
        let (saga, _) = walk(&[Event::StockReserved, Event::PaymentActionRequired { until: asked }]);
        assert_eq!((saga.action_until, saga.timer), (Some(given), Some(given)), "{asked:?}");
        let late = timed_out(&saga);
        assert_eq!((late.next.state, late.command), (State::CancellingPayment, Some(Command::CancelPayment)));
        assert_eq!(late.next.reason(), Some(Reason::TimedOut));
    }
}

#[test]
fn inventory_is_asked_twice_and_then_the_order_expires() {
    let again = timed_out(&begin());
    assert_eq!((again.next.state, again.command), (State::Reserving, Some(Command::ReserveStock)));
    let gone = timed_out(&again.next);
    assert_eq!(gone.next.timer.map(|_| ()), Some(()));
    assert_eq!((gone.next.state, gone.command), (State::Releasing, Some(Command::ReleaseStock)));
    let ended = step(&gone.next, &Event::StockReleased).expect("goes on");
    assert_eq!((ended.next.lifecycle(), ended.emission), (Lifecycle::Expired, Some(Emission::Cancelled)));
}

#[test]
fn a_payment_without_an_answer_is_unknown_until_the_deadline_calls_it_off() {
    let (mut saga, _) = walk(&[Event::StockReserved]);
    for times in 0.. {
        let late = timed_out(&saga);
        if late.next.state == State::CancellingPayment {
            assert!(times > 3, "it was asked for several times: {times}");
            assert_eq!(late.next.reason(), Some(Reason::TimedOut));
            assert_eq!(saga.timer, Some(saga.pay_until));
            return;
        }
        assert_eq!((late.next.state, late.command), (State::PaymentUnknown, Some(Command::AuthorizePayment)));
        assert_eq!(late.next.payment, PaymentStatus::Unknown);
        saga = late.next;
    }
}

#[test]
fn compensation_is_asked_for_until_it_is_answered() {
    let (cancelling, _) = walk(&[Event::StockReserved, Event::PaymentAuthorized, cancel()]);
    let releasing = step(&cancelling, &Event::PaymentCancelled(Outcome::Voided)).expect("goes on").next;
    for (mut saga, command) in [(cancelling, Command::CancelPayment), (releasing, Command::ReleaseStock)] {
        for _ in 0..100 {
            let again = timed_out(&saga);
            assert_eq!((again.next.state, again.command), (saga.state, Some(command)));
            assert!(!again.is_visible(&saga));
            saga = again.next;
        }
    }
}

#[test]
fn cancelling_a_confirmed_order_gives_money_then_stock_back() {
    let path = [
        Event::StockReserved,
        Event::PaymentAuthorized,
        Event::StockCommitted,
        Event::PaymentCaptured { in_full: true },
        cancel(),
    ];
    let (saga, last) = walk(&path);
    assert_eq!((last.command, saga.lifecycle()), (Some(Command::CancelPayment), Lifecycle::Confirmed));
    let refunded = step(&saga, &Event::PaymentCancelled(Outcome::Refunded)).expect("goes on");
    assert_eq!((refunded.command, refunded.next.payment), (Some(Command::ReleaseStock), PaymentStatus::Refunded));
    let ended = step(&refunded.next, &Event::StockReleased).expect("goes on");
    assert_eq!((ended.next.lifecycle(), ended.emission), (Lifecycle::Cancelled, Some(Emission::Cancelled)));
    assert_eq!(step(&ended.next, &cancel()), None, "cancelling twice changes nothing");
}

#[test]
fn goods_that_left_cannot_be_cancelled() {
    let (saga, _) = walk(&[
        Event::StockReserved,
        Event::PaymentAuthorized,
        Event::StockCommitted,
        Event::PaymentCaptured { in_full: true },
    ]);
    for (fulfilment, lifecycle) in
        [(Fulfilment::Shipped, Lifecycle::Confirmed), (Fulfilment::Delivered, Lifecycle::Completed)]
    {
        let saga = Saga { fulfilment, ..saga.clone() };
        let refused = saga.step(&cancel(), NOW, &Patience::usual());
        assert_eq!(refused, Err(Illegal { lifecycle, fulfilment }));
    }
}

#[test]
fn what_turns_up_after_the_end_is_sent_back() {
    let (saga, _) = walk(&[Event::StockRejected(vec![shortage()])]);
    for (late, command) in [
        (Event::StockReserved, Command::ReleaseStock),
        (Event::PaymentAuthorized, Command::CancelPayment),
        (Event::PaymentCaptured { in_full: true }, Command::CancelPayment),
        (Event::PaymentActionRequired { until: None }, Command::CancelPayment),
    ] {
        let back = Transition { next: saga.clone(), command: Some(command), emission: None };
        assert_eq!(step(&saga, &late), Some(back), "{late:?}");
    }
}

#[test]
fn a_wrong_amount_is_given_back() {
    let path = [
        Event::StockReserved,
        Event::PaymentAuthorized,
        Event::StockCommitted,
        Event::PaymentCaptured { in_full: false },
    ];
    let (saga, last) = walk(&path);
    assert_eq!((saga.state, last.command), (State::CancellingPayment, Some(Command::CancelPayment)));
    assert_eq!(saga.cancellation.map(|cancellation| cancellation.detail).as_deref(), Some("AMOUNT_MISMATCH"));
}

#[test]
fn a_timer_that_is_not_due_does_nothing() {
    let early = begin().step(&Event::Due, NOW, &Patience::usual());
    assert_eq!(early, Ok(None));
}

/// What the world outside has said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Heard {
    payment_begun: bool,
    payment_over: bool,
    stock_sold: bool,
    stock_free: bool,
    captured: bool,
}

impl Heard {
    fn and(self, event: &Event, transition: &Transition) -> Self {
        Self {
            payment_begun: self.payment_begun || transition.command == Some(Command::AuthorizePayment),
            payment_over: self.payment_over
                || matches!(event, Event::PaymentCancelled(_) | Event::PaymentFailed { .. }),
            stock_sold: self.stock_sold || matches!(event, Event::StockCommitted),
            stock_free: self.stock_free || matches!(event, Event::StockReleased | Event::StockRejected(_)),
            captured: self.captured || matches!(event, Event::PaymentCaptured { in_full: true }),
        }
    }
}

/// What must hold of every single transition.
fn check(before: &Saga, event: &Event, after: &Transition, heard: Heard) {
    let next = &after.next;
    let context = format!("{event:?} took {before:?} to {after:?} having heard {heard:?}");
    assert_eq!(next.timer.is_none(), next.state.at_rest(), "whoever waits has a timer: {context}");
    assert_eq!(
        after.emission == Some(Emission::Confirmed),
        next.state == State::Confirmed,
        "told once, on becoming confirmed: {context}"
    );
    assert_eq!(
        after.emission == Some(Emission::Cancelled),
        next.state == State::Cancelled && before.state != State::Cancelled,
        "told once, on becoming cancelled: {context}"
    );
    if next.state == State::Confirmed {
        assert!(heard.captured && heard.stock_sold, "{context}");
    }
    if next.state == State::Cancelled {
        assert!(!heard.payment_begun || heard.payment_over, "{context}");
        assert!(heard.stock_free && next.cancellation.is_some(), "{context}");
    }
    if next.state == State::Releasing && before.state == State::CancellingPayment {
        assert!(matches!(event, Event::PaymentCancelled(_)), "{context}");
    }
    if before.cancellation.is_some() {
        assert_eq!(before.cancellation, next.cancellation, "the first reason stays: {context}");
        assert!(
            matches!(next.state, State::CancellingPayment | State::Releasing | State::Cancelled),
            "there is no way back: {context}"
        );
    }
    if before.state == State::Cancelled {
        assert_eq!(before, next, "the end is the end: {context}");
    }
}

/// The saga without what makes no difference, so that there are finitely many.
fn essence(saga: &Saga) -> Saga {
    let cancellation = saga.cancellation.as_ref().map(|cancellation| Cancellation::new(cancellation.reason, ""));
    Saga {
        cancellation,
        action_until: None,
        confirmed_at: saga.confirmed_at.map(|_| NOW),
        timer: saga.timer.map(|_| NOW),
        asked: saga.asked.min(1),
        ..saga.clone()
    }
}

fn key(saga: &Saga) -> (State, PaymentStatus, Option<Reason>, bool, u32) {
    (saga.state, saga.payment, saga.reason(), saga.confirmed_at.is_some(), saga.asked)
}

#[test]
fn every_event_in_every_reachable_state_keeps_the_promises() {
    let patience = Patience::usual();
    let mut seen = HashSet::new();
    let mut states = HashSet::new();
    let mut waiting = VecDeque::from([(begin(), Heard::default())]);
    while let Some((saga, heard)) = waiting.pop_front() {
        if !seen.insert((key(&saga), heard)) {
            continue;
        }
        states.insert(saga.state);
        for event in events() {
            for now in [NOW, saga.pay_until] {
                let transition = saga.step(&event, now, &patience).expect("unfulfilled orders can be cancelled");
                let Some(transition) = transition else { continue };
                let heard = heard.and(&event, &transition);
                check(&saga, &event, &transition, heard);
                waiting.push_back((essence(&transition.next), heard));
            }
        }
    }
    assert_eq!(states.len(), State::ALL.len(), "every state can be reached");
}

#[test]
fn names_read_as_they_are_written() {
    fn check<T: Copy + PartialEq + std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug>>(
        all: &[T],
        name: fn(T) -> &'static str,
    ) {
        for one in all {
            assert_eq!(name(*one).parse::<T>().expect("parses"), *one);
        }
        assert!("NONSENSE".parse::<T>().is_err());
    }
    check(State::ALL, State::name);
    check(Lifecycle::ALL, Lifecycle::name);
    check(PaymentStatus::ALL, PaymentStatus::name);
    check(Fulfilment::ALL, Fulfilment::name);
    check(Reason::ALL, Reason::name);
}

/// What a helpful world answers to a saga that waits.
fn helpful(saga: &Saga) -> Event {
    match saga.state {
        State::Reserving => Event::StockReserved,
        State::Authorizing | State::RequiresAction | State::PaymentUnknown => Event::PaymentAuthorized,
        State::Committing => Event::StockCommitted,
        State::Capturing => Event::PaymentCaptured { in_full: true },
        State::CancellingPayment => Event::PaymentCancelled(Outcome::Voided),
        State::Releasing => Event::StockReleased,
        State::Confirmed | State::Cancelled => unreachable!("nothing is waited for"),
    }
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_it(path in prop::collection::vec((0..events().len(), 0..3_u8, any::<bool>()), 0..60)) {
        let patience = Patience::usual();
        let events = events();
        let (mut saga, mut now, mut heard) = (begin(), NOW, Heard::default());
        let mut ends = 0;
        for (place, times, wait) in path {
            for _ in 0..=times {
                now = if wait { saga.timer.unwrap_or(now).max(now) } else { now };
                let Ok(Some(transition)) = saga.step(&events[place], now, &patience) else { continue };
                heard = heard.and(&events[place], &transition);
                check(&saga, &events[place], &transition, heard);
                ends += usize::from(transition.emission == Some(Emission::Cancelled));
                saga = transition.next;
            }
        }
        prop_assert!(ends <= 1);
        for _ in 0..6 {
            if saga.state.at_rest() {
                break;
            }
            let event = helpful(&saga);
            saga = saga.step(&event, now, &patience).expect("a reply is legal").expect("it is waited for").next;
        }
        prop_assert!(saga.state.at_rest(), "{saga:?}");
    }
}
