//! What travels, who carries it and who handles it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Timestamp;
use uuid::Uuid;

use crate::{HandleError, PublishError, SubscribeError};

/// One message on its way from an outbox to the consumers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id of the outbox row. Consumers deduplicate by it.
    pub id: Uuid,
    /// The full protobuf name of the event: `ultramarket.order.events.v1.OrderPlaced`.
    pub kind: String,
    /// What the event is about. Messages of one aggregate are delivered in order.
    pub aggregate: String,
    /// The event, as protobuf.
    pub payload: Bytes,
    /// What goes along with it, such as the trace context ([`crate::trace::HEADER`]).
    pub headers: BTreeMap<String, String>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// How often it was published before without success.
    pub attempts: u32,
}

impl Message {
    /// A message that was never published before and has no headers.
    pub fn new(
        id: Uuid,
        kind: impl Into<String>,
        aggregate: impl Into<String>,
        payload: impl Into<Bytes>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            kind: kind.into(),
            aggregate: aggregate.into(),
            payload: payload.into(),
            headers: BTreeMap::new(),
            created_at,
            attempts: 0,
        }
    }
}

/// Carries messages from publishers to consumers.
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug {
    /// Publishes `messages` in order and answers for each one, in the same order.
    ///
    /// `Ok` means that every consumer will see the message even if the process is killed now: in process, every
    /// consumer has handled or parked it. A message without consumers is `Ok`. After an error for one message the
    /// later ones of the same aggregate are errors too, so that publishing the failed ones again keeps the order.
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>>;

    /// Adds a consumer. It sees what is published from now on.
    async fn subscribe(&self, subscription: Subscription) -> Result<(), SubscribeError>;
}

/// A bus as services hold it.
pub type SharedBus = Arc<dyn Bus>;

/// Who wants which messages.
#[derive(Clone)]
pub struct Subscription {
    /// The name of the consumer: the service, or the service and a purpose. Unique on a bus.
    pub consumer: &'static str,
    /// The full protobuf names of the events it wants.
    pub kinds: Vec<String>,
    /// What handles them.
    pub handler: Arc<dyn Handler>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("consumer", &self.consumer).field("kinds", &self.kinds).finish()
    }
}

/// Handles the messages of one consumer. `db::Inbox` is the one for consumers with a database.
///
/// Several calls may run at once, never with messages of the same aggregate. A message may come more than once.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Handles all of `messages` or none.
    ///
    /// After an error the bus tries each message alone (in the order of its aggregate), so that one bad message fails
    /// by itself; then, by the [`HandleError`], tries again later or parks.
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError>;

    /// Keeps a message that cannot be handled, for an operator.
    async fn park(&self, message: &Message, error: &HandleError) -> Result<(), HandleError>;
}
