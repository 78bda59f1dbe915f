//! Who watches which order in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{domain::order::OrderId, metrics::WATCHERS};

/// Wakes those who watch an order. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Watchers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    watched: Mutex<HashMap<OrderId, watch::Sender<()>>>,
    room: Arc<Semaphore>,
}

impl Inner {
    fn watched(&self) -> MutexGuard<'_, HashMap<OrderId, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who watches an order, until dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    id: OrderId,
    changes: watch::Receiver<()>,
    inner: Arc<Inner>,
    _place: OwnedSemaphorePermit,
}

impl Watchers {
    /// At most so many watch at once.
    pub(crate) fn new(limit: usize) -> Self {
        let room = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner { watched: Mutex::default(), room }))
    }

    /// Watches an order; `None` when there is no room for more.
    pub(crate) fn watch(&self, id: OrderId) -> Option<Watch> {
        let place = Arc::clone(&self.0.room).try_acquire_owned().ok()?;
        let changes = self.0.watched().entry(id).or_insert_with(|| watch::Sender::new(())).subscribe();
        metrics::gauge!(WATCHERS).increment(1);
        Some(Watch { id, changes, inner: Arc::clone(&self.0), _place: place })
    }

    /// Wakes those who watch the order.
    pub(crate) fn changed(&self, id: OrderId) {
        if let Some(sender) = self.0.watched().get(&id) {
            sender.send_replace(());
        }
    }
}

impl Watch {
    /// From here on, changes count.
    pub(crate) fn expect(&mut self) {
        self.changes.mark_unchanged();
    }

    /// Waits for a change since [`Watch::expect`].
    pub(crate) async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // Its sender lives as long as somebody watches, so this does not happen; if it did, polling goes on.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        metrics::gauge!(WATCHERS).decrement(1);
        let mut watched = self.inner.watched();
        if watched.get(&self.id).is_some_and(|sender| sender.receiver_count() == 1) {
            watched.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemIds;

    use super::*;

    #[tokio::test]
    async fn a_change_between_looking_and_waiting_is_not_missed() {
        let (watchers, id) = (Watchers::new(2), OrderId::generate(&SystemIds));
        let mut watch = watchers.watch(id).expect("there is room");
        watch.expect();
        watchers.changed(id);
        watch.changed().await;
        watchers.changed(OrderId::generate(&SystemIds));
    }

    #[test]
    fn places_are_limited_and_given_back() {
        let (watchers, id) = (Watchers::new(2), OrderId::generate(&SystemIds));
        let first = watchers.watch(id).expect("there is room");
        let second = watchers.watch(id).expect("there is room");
        assert!(watchers.watch(id).is_none());
        drop(first);
        assert_eq!(watchers.0.watched().len(), 1);
        drop(second);
        assert_eq!(watchers.0.watched().len(), 0, "nothing is kept of orders that nobody watches");
        assert!(watchers.watch(id).is_some());
    }
}
