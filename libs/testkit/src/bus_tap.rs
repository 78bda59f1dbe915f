//! Listening in on the bus.

use std::{marker::PhantomData, time::Duration};

use bus::{HandleError, Handler, Message};
use tokio::sync::mpsc;
use tonic::codegen::async_trait;

const PATIENCE: Duration = Duration::from_secs(10);

/// Hears all events of one kind.
#[derive(Debug)]
pub struct Listener<M> {
    messages: mpsc::UnboundedReceiver<Message>,
    event: PhantomData<M>,
}

impl<M: prost::Message + Default> Listener<M> {
    pub(crate) fn new() -> (Self, Tap) {
        let (sender, messages) = mpsc::unbounded_channel();
        (Self { messages, event: PhantomData }, Tap(sender))
    }

    /// The next event.
    ///
    /// # Panics
    /// If none comes within ten seconds, or it does not decode.
    pub async fn next(&mut self) -> M {
        self.next_message().await.1
    }

    /// The next event, with the message that carried it.
    ///
    /// # Panics
    /// As [`Listener::next`].
    pub async fn next_message(&mut self) -> (Message, M) {
        let waited = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        let message = waited.expect("an event comes in time").expect("the bus is alive");
        let event = M::decode(message.payload.clone()).expect("the event decodes");
        (message, event)
    }

    /// What has been heard and not taken yet.
    ///
    /// # Panics
    /// If an event does not decode.
    pub fn heard(&mut self) -> Vec<M> {
        std::iter::from_fn(|| self.messages.try_recv().ok())
            .map(|message| M::decode(message.payload).expect("the event decodes"))
            .collect()
    }
}

pub(crate) struct Tap(mpsc::UnboundedSender<Message>);

#[async_trait]
impl Handler for Tap {
    async fn handle(&self, messages: &[Message]) -> Result<(), HandleError> {
        for message in messages {
            // A test that no longer listens does not mind.
            drop(self.0.send(message.clone()));
        }
        Ok(())
    }

    async fn park(&self, _: &Message, _: &HandleError) -> Result<(), HandleError> {
        Ok(())
    }
}
