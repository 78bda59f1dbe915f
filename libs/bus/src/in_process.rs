//! The bus within one process: publishing is handling.
//!
//! [`InProcess::publish`] calls the consumers and returns when each has committed or parked, so a message waits
//! nowhere but in its outbox and a killed process loses none. Nothing is queued, so nothing can grow.
//! A consumer that fails is tried again for a moment here; then the relay publishes again later, and only
//! after [`Settings::attempts`] of those is the message parked with the consumer.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use futures::{FutureExt, StreamExt, future, stream};
use kernel::Backoff;
use tokio::time;

use crate::{
    Bus, HandleError, Message, PublishError, SubscribeError, Subscription,
    metrics::{self, count},
    trace,
};

/// How patient the bus is with its consumers.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How often a message is handed to a consumer per publication.
    pub tries: u32,
    /// How long to wait between these tries.
    pub backoff: Backoff,
    /// How often a message is published before a consumer that still fails on it, for a passing reason, parks it.
    pub attempts: u32,
    /// How long one call of a handler may take.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tries: 3,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_millis(800)),
            attempts: 15,
            timeout: Duration::from_secs(30),
        }
    }
}

/// How many aggregates are handled at once when a batch falls apart.
const CONCURRENT_AGGREGATES: usize = 8;

type Routes = HashMap<String, Vec<Arc<Subscription>>>;
type Answer = Result<(), PublishError>;

/// A bus whose consumers live in this process.
#[derive(Debug, Default)]
pub struct InProcess {
    settings: Settings,
    consumers: RwLock<(HashSet<&'static str>, Arc<Routes>)>,
}

impl InProcess {
    /// A bus with other than the usual patience.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    fn routes(&self) -> Arc<Routes> {
        self.consumers.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

#[async_trait]
impl Bus for InProcess {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let routes = self.routes();
        let mut answers: Vec<Answer> = messages.iter().map(|_| Ok(())).collect();
        let deliveries = by_consumer(&routes, messages)
            .into_iter()
            .map(|delivery| async move { (self.deliver(&delivery, messages).await, delivery.places) });
        for (results, places) in future::join_all(deliveries).await {
            for (place, result) in places.into_iter().zip(results) {
                if answers[place].is_ok() {
                    answers[place] = result;
                }
            }
        }
        hold_back(messages, &mut answers);
        answers
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<(), SubscribeError> {
        if subscription.kinds.is_empty() {
            return Err(SubscribeError::NoKinds(subscription.consumer));
        }
        let mut consumers = self.consumers.write().unwrap_or_else(PoisonError::into_inner);
        if !consumers.0.insert(subscription.consumer) {
            return Err(SubscribeError::Duplicate(subscription.consumer));
        }
        let mut routes = Routes::clone(&consumers.1);
        let subscription = Arc::new(subscription);
        let kinds: HashSet<&String> = subscription.kinds.iter().collect();
        for kind in kinds {
            routes.entry(kind.clone()).or_default().push(Arc::clone(&subscription));
        }
        consumers.1 = Arc::new(routes);
        Ok(())
    }
}

/// What comes after a failed message of the same aggregate counts as failed, whoever failed.
fn hold_back(messages: &[Message], answers: &mut [Answer]) {
    if answers.iter().all(Result::is_ok) {
        return;
    }
    let mut failed = HashSet::new();
    for (message, answer) in messages.iter().zip(answers) {
        if answer.is_err() {
            failed.insert(message.aggregate.as_str());
        } else if failed.contains(message.aggregate.as_str()) {
            *answer = Err(PublishError::Behind);
        }
    }
}

/// What one consumer gets of a publication.
struct Delivery<'a> {
    subscription: &'a Subscription,
    /// Where its messages are among those published.
    places: Vec<usize>,
}

fn by_consumer<'a>(routes: &'a Routes, messages: &[Message]) -> Vec<Delivery<'a>> {
    let mut deliveries: Vec<Delivery<'a>> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        for subscription in routes.get(&message.kind).into_iter().flatten() {
            match deliveries.iter_mut().find(|delivery| delivery.subscription.consumer == subscription.consumer) {
                Some(delivery) => delivery.places.push(place),
                None => deliveries.push(Delivery { subscription, places: vec![place] }),
            }
        }
    }
    deliveries
}

impl InProcess {
    /// An answer for each place of the delivery.
    async fn deliver(&self, delivery: &Delivery<'_>, published: &[Message]) -> Vec<Answer> {
        let consumer = delivery.subscription.consumer;
        let mut copied: Vec<Message> = Vec::new();
        let messages = if delivery.places.len() == published.len() {
            published
        } else {
            copied.extend(delivery.places.iter().map(|place| published[*place].clone()));
            &copied
        };
        if let [message] = messages {
            return vec![self.deliver_one(delivery.subscription, message).await];
        }
        match self.call(delivery.subscription, messages).await {
            Ok(()) => {
                count_handled(consumer, messages);
                messages.iter().map(|_| Ok(())).collect()
            }
            Err(error) => {
                tracing::debug!(
                    bus.consumer = consumer,
                    error = error.chain(),
                    "batch failed, trying its messages alone"
                );
                self.deliver_alone(delivery.subscription, messages).await
            }
        }
    }

    /// One message at a time, in order within an aggregate; aggregates do not wait for each other.
    async fn deliver_alone(&self, subscription: &Subscription, messages: &[Message]) -> Vec<Answer> {
        let mut aggregates: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, message) in messages.iter().enumerate() {
            let next = aggregates.len();
            let aggregate = *known.entry(message.aggregate.as_str()).or_insert(next);
            if aggregate == next {
                aggregates.push(Vec::new());
            }
            aggregates[aggregate].push(place);
        }
        let work = aggregates.into_iter().map(|places| async move {
            let mut answers = Vec::with_capacity(places.len());
            let mut behind = false;
            for place in places {
                let answer = if behind {
                    Err(PublishError::Behind)
                } else {
                    self.deliver_one(subscription, &messages[place]).await
                };
                behind = answer.is_err();
                answers.push((place, answer));
            }
            answers
        });
        let done: Vec<_> = stream::iter(work).buffer_unordered(CONCURRENT_AGGREGATES).collect().await;
        let mut answers: Vec<Answer> = messages.iter().map(|_| Ok(())).collect();
        for (place, answer) in done.into_iter().flatten() {
            answers[place] = answer;
        }
        answers
    }

    async fn deliver_one(&self, subscription: &Subscription, message: &Message) -> Answer {
        let consumer = subscription.consumer;
        let mut tried = 0;
        loop {
            let Err(error) = self.call(subscription, std::slice::from_ref(message)).await else {
                count(consumer, &message.kind, metrics::HANDLED, 1);
                return Ok(());
            };
            tried += 1;
            let tries = match error {
                HandleError::Transient(_) => self.settings.tries,
                HandleError::Broken(_) => self.settings.tries.min(2),
                HandleError::Permanent(_) => 1,
            };
            if tried < tries {
                count(consumer, &message.kind, metrics::RETRIED, 1);
                time::sleep(self.settings.backoff.wait(tried)).await;
                continue;
            }
            let passes = matches!(error, HandleError::Transient(_));
            if passes && message.attempts.saturating_add(1) < self.settings.attempts {
                count(consumer, &message.kind, metrics::FAILED, 1);
                let what = format!("{consumer} cannot handle it now");
                return Err(PublishError::Unavailable { what, source: Some(error.into()) });
            }
            return self.park(subscription, message, &error).await;
        }
    }

    async fn park(&self, subscription: &Subscription, message: &Message, error: &HandleError) -> Answer {
        let consumer = subscription.consumer;
        let parking = AssertUnwindSafe(subscription.handler.park(message, error)).catch_unwind();
        let source = match time::timeout(self.settings.timeout, parking).await {
            Ok(Ok(Ok(()))) => {
                tracing::error!(
                    bus.consumer = consumer,
                    message.id = %message.id,
                    message.kind = message.kind,
                    error = error.chain(),
                    "message parked"
                );
                count(consumer, &message.kind, metrics::PARKED, 1);
                return Ok(());
            }
            Ok(Ok(Err(error))) => Some(error.into()),
            Ok(Err(_panic)) => Some("parking panicked".into()),
            Err(late) => Some(late.into()),
        };
        count(consumer, &message.kind, metrics::FAILED, 1);
        Err(PublishError::Unavailable { what: format!("{consumer} can neither handle nor park it"), source })
    }

    /// Calls the handler, within its deadline and the trace of the messages; a panic is an error.
    async fn call(&self, subscription: &Subscription, messages: &[Message]) -> Result<(), HandleError> {
        let handling = trace::scope(common_trace(messages), subscription.handler.handle(messages));
        match time::timeout(self.settings.timeout, AssertUnwindSafe(handling).catch_unwind()).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(HandleError::Broken(panic_text(panic.as_ref()).into())),
            Err(late) => Err(HandleError::transient(late)),
        }
    }
}

fn common_trace(messages: &[Message]) -> Option<Arc<str>> {
    let (first, others) = messages.split_first()?;
    let traceparent = first.headers.get(trace::HEADER)?;
    others
        .iter()
        .all(|other| other.headers.get(trace::HEADER) == Some(traceparent))
        .then(|| traceparent.as_str().into())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("with no text"))
}

fn count_handled(consumer: &'static str, messages: &[Message]) {
    for run in messages.chunk_by(|one, other| one.kind == other.kind) {
        count(consumer, &run[0].kind, metrics::HANDLED, u64::try_from(run.len()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests;
