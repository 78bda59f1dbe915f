//! The trace context of the work at hand, so that what it emits belongs to the same trace.

use std::{future::Future, sync::Arc};

use crate::Message;

/// The header of a [`Message`] that holds the trace context, in the W3C form.
pub const HEADER: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Option<Arc<str>>;
}

/// Runs `work` within the trace that `traceparent` names, or within none.
pub async fn scope<F: Future>(traceparent: Option<Arc<str>>, work: F) -> F::Output {
    CURRENT.scope(traceparent, work).await
}

/// The trace context of the work at hand, as a W3C `traceparent`.
#[must_use]
pub fn current() -> Option<Arc<str>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// The trace context that came with a message.
#[must_use]
pub fn of(message: &Message) -> Option<Arc<str>> {
    message.headers.get(HEADER).map(|traceparent| Arc::from(traceparent.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scope_ends_with_its_work() {
        assert_eq!(current(), None);
        let inner = scope(Some("00-1-2-01".into()), async {
            scope(None, async { assert_eq!(current(), None) }).await;
            current()
        });
        assert_eq!(inner.await.as_deref(), Some("00-1-2-01"));
        assert_eq!(current(), None);
    }
}
