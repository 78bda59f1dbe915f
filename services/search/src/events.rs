//! What comes over the bus.
//!
//! | message | effect |
//! |---|---|
//! | `catalog.ProductChanged` | the product is found as it is now; a draft is not found |
//! | `catalog.ProductDeleted` | the product is not found any more |
//!
//! Effects are idempotent by the version of the product: what is not newer than what is known changes nothing, so no
//! inbox is needed. A message is acknowledged before it is committed; what a crash loses, the comparison at the next
//! start ([`crate::follow`]) makes up for.

use std::sync::Arc;

use bus::{HandleError, Handler, Message, Subscription};
use prost::{Message as _, Name};
use tonic::codegen::async_trait;
use ultramarket_api::catalog::events::v1::{ProductChanged, ProductDeleted};

use crate::{Error, NAME, follow::Follower, index::Change, metrics::DROPPED};

/// Takes changes of products into the index.
pub(crate) struct Consumer {
    follower: Arc<Follower>,
}

impl Consumer {
    pub(crate) fn subscription(follower: Arc<Follower>) -> Subscription {
        let kinds = vec![ProductChanged::full_name(), ProductDeleted::full_name()];
        Subscription { consumer: NAME, kinds, handler: Arc::new(Self { follower }) }
    }
}

#[async_trait]
impl Handler for Consumer {
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        let changes = messages.iter().filter_map(|message| change(message).transpose());
        let changes = changes.collect::<Result<Vec<_>, _>>().map_err(HandleError::of)?;
        self.follower.take(changes).await.map_err(HandleError::of)
    }

    async fn park(&self, message: &Message, error: &HandleError) -> Result<(), HandleError> {
        metrics::counter!(DROPPED).increment(1);
        tracing::error!(message.id = %message.id, message.kind, error = error.chain(), "drop a message");
        Ok(())
    }
}

/// What a message changes; nothing if it is about no product.
fn change(message: &Message) -> Result<Option<Change>, Error> {
    let payload = message.payload.clone();
    if message.kind == ProductDeleted::full_name() {
        let event = ProductDeleted::decode(payload)?;
        return Ok(Some(Change::Remove(event.product_id, version(event.version))));
    }
    let event = ProductChanged::decode(payload)?;
    Ok(event.product.map(|product| Change::Put(Box::new(product), version(event.version))))
}

fn version(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(0)
}
