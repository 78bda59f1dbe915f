use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use kernel::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{BoxError, Handler};

const KIND: &str = "test.v1.Happened";

/// What a message does to its handler, by its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Fine,
    /// Fails this many times, then works.
    Flaky(u8),
    Poison,
    Panics,
    Hangs,
}

impl Behaviour {
    fn payload(self) -> Vec<u8> {
        match self {
            Self::Fine => vec![0],
            Self::Flaky(times) => vec![1, times],
            Self::Poison => vec![2],
            Self::Panics => vec![3],
            Self::Hangs => vec![4],
        }
    }
}

/// Remembers what it handled and parked, like an inbox.
#[derive(Debug, Default)]
struct Recorder {
    handled: Mutex<Vec<Uuid>>,
    parked: Mutex<Vec<(Uuid, String)>>,
    calls: Mutex<HashMap<Uuid, u32>>,
    batches: AtomicU32,
    cannot_park: bool,
    traces: Mutex<Vec<Option<Arc<str>>>>,
}

#[async_trait]
impl Handler for Recorder {
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.traces.lock().unwrap().push(trace::current());
        for message in messages {
            let calls = *self.calls.lock().unwrap().entry(message.id).and_modify(|calls| *calls += 1).or_insert(1);
            match &message.payload[..] {
                [1, times] if calls <= u32::from(*times) => return Err(HandleError::transient("busy")),
                [2] => return Err(HandleError::permanent("poison")),
                [3] => panic!("a bug"),
                [4] => future::pending().await,
                _ => {}
            }
        }
        let mut handled = self.handled.lock().unwrap();
        for message in messages {
            if !handled.contains(&message.id) {
                handled.push(message.id);
            }
        }
        Ok(())
    }

    async fn park(&self, message: &Message, error: &HandleError) -> Result<(), HandleError> {
        if self.cannot_park {
            return Err(HandleError::transient("no database"));
        }
        self.parked.lock().unwrap().push((message.id, error.chain()));
        Ok(())
    }
}

fn message(number: u128, aggregate: &str, behaviour: Behaviour) -> Message {
    Message::new(Uuid::from_u128(number), KIND, aggregate, behaviour.payload(), Timestamp::EPOCH)
}

async fn bus_with(consumer: &'static str, handler: Recorder) -> (InProcess, Arc<Recorder>) {
    let bus = InProcess::default();
    let handler = Arc::new(handler);
    bus.subscribe(Subscription { consumer, kinds: vec![KIND.to_owned()], handler: handler.clone() }).await.unwrap();
    (bus, handler)
}

fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
    numbers.into_iter().map(Uuid::from_u128).collect()
}

fn shape(answers: &[Answer]) -> Vec<&'static str> {
    let name = |answer: &Answer| match answer {
        Ok(()) => "ok",
        Err(PublishError::Unavailable { .. }) => "unavailable",
        Err(PublishError::Refused { .. }) => "refused",
        Err(PublishError::Behind) => "behind",
    };
    answers.iter().map(name).collect()
}

#[tokio::test]
async fn a_message_goes_to_all_who_want_its_kind_and_nobody_else() {
    let (bus, one) = bus_with("one", Recorder::default()).await;
    let (other, both) = (Arc::new(Recorder::default()), Arc::new(Recorder::default()));
    let subscribe = |consumer, kinds: &[&str], handler: &Arc<Recorder>| {
        let kinds = kinds.iter().map(ToString::to_string).collect();
        bus.subscribe(Subscription { consumer, kinds, handler: handler.clone() })
    };
    subscribe("other", &["test.v1.Other"], &other).await.unwrap();
    subscribe("both", &["test.v1.Other", KIND, KIND], &both).await.unwrap();
    let mut messages = vec![message(1, "a", Behaviour::Fine), message(2, "a", Behaviour::Fine)];
    messages[1].kind = "test.v1.Other".to_owned();
    messages.push(Message { kind: "test.v1.Unwanted".to_owned(), ..message(3, "a", Behaviour::Fine) });
    assert_eq!(shape(&bus.publish(&messages).await), ["ok", "ok", "ok"]);
    assert_eq!(*one.handled.lock().unwrap(), ids([1]));
    assert_eq!(*other.handled.lock().unwrap(), ids([2]));
    assert_eq!(*both.handled.lock().unwrap(), ids([1, 2]));
    assert_eq!(both.batches.load(Ordering::SeqCst), 1, "one call for the whole batch");
}

#[tokio::test]
async fn a_consumer_has_a_name_of_its_own_and_wants_something() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let again = Subscription { consumer: "one", kinds: vec![KIND.to_owned()], handler: handler.clone() };
    assert!(matches!(bus.subscribe(again).await, Err(SubscribeError::Duplicate("one"))));
    let nothing = Subscription { consumer: "two", kinds: Vec::new(), handler };
    assert!(matches!(bus.subscribe(nothing).await, Err(SubscribeError::NoKinds("two"))));
}

#[tokio::test(start_paused = true)]
async fn one_bad_message_of_a_batch_fails_alone() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let mut messages: Vec<Message> = (0..20).map(|n| message(n, &format!("a{}", n % 5), Behaviour::Fine)).collect();
    messages[7].payload = Behaviour::Poison.payload().into();
    let answers = bus.publish(&messages).await;
    assert!(answers.iter().all(Result::is_ok), "handled or parked: {:?}", shape(&answers));
    let parked = handler.parked.lock().unwrap().clone();
    let reason = "handle the message, trying again is no use: poison".to_owned();
    assert_eq!(parked, [(Uuid::from_u128(7), reason)]);
    assert_eq!(handler.handled.lock().unwrap().len(), 19);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_within_the_publication() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let started = time::Instant::now();
    let answers = bus.publish(&[message(1, "a", Behaviour::Flaky(2))]).await;
    assert_eq!(shape(&answers), ["ok"]);
    assert_eq!(*handler.handled.lock().unwrap(), ids([1]));
    assert!(started.elapsed() > Duration::ZERO, "it waited in between");
    assert!(started.elapsed() <= Duration::from_millis(150));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_holds_back_its_aggregate_only() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let messages =
        [message(1, "a", Behaviour::Flaky(200)), message(2, "b", Behaviour::Fine), message(3, "a", Behaviour::Fine)];
    assert_eq!(shape(&bus.publish(&messages).await), ["unavailable", "ok", "behind"]);
    assert_eq!(*handler.handled.lock().unwrap(), ids([2]));
    assert!(handler.parked.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_one_consumer_holds_back_the_aggregate_for_all() {
    let (bus, _failing) = bus_with("one", Recorder::default()).await;
    let other = Arc::new(Recorder::default());
    let kinds = vec!["test.v1.Other".to_owned()];
    bus.subscribe(Subscription { consumer: "other", kinds, handler: other.clone() }).await.unwrap();
    let later = Message { kind: "test.v1.Other".to_owned(), ..message(2, "a", Behaviour::Fine) };
    let answers = bus.publish(&[message(1, "a", Behaviour::Flaky(200)), later]).await;
    assert_eq!(shape(&answers), ["unavailable", "behind"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_failed_in_many_publications_is_parked() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let mut stubborn = message(1, "a", Behaviour::Flaky(200));
    stubborn.attempts = Settings::default().attempts - 2;
    assert_eq!(shape(&bus.publish(&[stubborn.clone()]).await), ["unavailable"]);
    stubborn.attempts += 1;
    assert_eq!(shape(&bus.publish(&[stubborn]).await), ["ok"]);
    assert_eq!(handler.parked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_tried_once_more_and_parked() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let answers = bus.publish(&[message(1, "a", Behaviour::Panics), message(2, "b", Behaviour::Fine)]).await;
    assert_eq!(shape(&answers), ["ok", "ok"]);
    let parked = handler.parked.lock().unwrap().clone();
    assert_eq!(parked, [(Uuid::from_u128(1), "handle the message, the handler is broken: panicked: a bug".to_owned())]);
    assert_eq!(handler.calls.lock().unwrap()[&Uuid::from_u128(1)], 3, "in the batch, alone, and once more");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_parked_stays_with_its_publisher() {
    let (bus, _handler) = bus_with("one", Recorder { cannot_park: true, ..Recorder::default() }).await;
    assert_eq!(shape(&bus.publish(&[message(1, "a", Behaviour::Poison)]).await), ["unavailable"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_given_up() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let started = time::Instant::now();
    assert_eq!(shape(&bus.publish(&[message(1, "a", Behaviour::Hangs)]).await), ["unavailable"]);
    assert!(started.elapsed() >= 3 * Settings::default().timeout);
    assert!(handler.handled.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_handler_works_within_the_trace_of_its_message() {
    let (bus, handler) = bus_with("one", Recorder::default()).await;
    let headers = BTreeMap::from([(trace::HEADER.to_owned(), "00-1-2-01".to_owned())]);
    let traced = Message { headers, ..message(1, "a", Behaviour::Fine) };
    bus.publish(std::slice::from_ref(&traced)).await;
    bus.publish(&[traced, message(2, "a", Behaviour::Fine)]).await;
    let traces = handler.traces.lock().unwrap().clone();
    assert_eq!(traces, [Some("00-1-2-01".into()), None], "a batch of several traces belongs to none");
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        6 => Just(Behaviour::Fine),
        2 => (1..12_u8).prop_map(Behaviour::Flaky),
        1 => Just(Behaviour::Poison),
        1 => Just(Behaviour::Panics),
    ]
}

proptest! {
    /// Whatever fails: publishing what is left again and again loses nothing and keeps the order of aggregates.
    #[test]
    fn everything_is_handled_in_order_or_parked(plan in prop::collection::vec((0..4_u8, behaviour()), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (bus, handler) = bus_with("one", Recorder::default()).await;
            let mut left: Vec<Message> = plan
                .iter()
                .enumerate()
                .map(|(n, (aggregate, behaviour))| message(n as u128, &aggregate.to_string(), *behaviour))
                .collect();
            let all = left.clone();
            for _ in 0..100 {
                let answers = bus.publish(&left).await;
                let tried: Vec<bool> = answers.iter().map(|answer| !matches!(answer, Err(PublishError::Behind))).collect();
                let failed: Vec<bool> = answers.iter().map(Result::is_err).collect();
                for (message, tried) in left.iter_mut().zip(tried) {
                    message.attempts += u32::from(tried);
                }
                let mut failed = failed.into_iter();
                left.retain(|_| failed.next().expect("an answer for each message"));
            }
            prop_assert!(left.is_empty(), "stuck: {left:?}");
            let handled = handler.handled.lock().unwrap();
            let parked: Vec<Uuid> = handler.parked.lock().unwrap().iter().map(|(id, _)| *id).collect();
            prop_assert_eq!(handled.len() + parked.len(), all.len());
            for aggregate in 0..4 {
                let of_aggregate = |id: &&Uuid| all.iter().any(|m| m.id == **id && m.aggregate == aggregate.to_string());
                prop_assert!(handled.iter().filter(of_aggregate).is_sorted());
            }
            Ok(())
        })?;
    }
}

#[test]
fn causes_may_be_any_error() {
    let error: BoxError = "text".into();
    assert_eq!(HandleError::permanent(error).chain(), "handle the message, trying again is no use: text");
}
