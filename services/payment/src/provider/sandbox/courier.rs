//! Sends the sandbox's webhooks: signed when sent, again and again until they are taken.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use db::{Db, Tx};
use futures::{StreamExt, stream};
use kernel::Backoff;
use secrecy::SecretString;
use service_kit::{Context, Rpc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request};
use ultramarket_api::{
    google::api::HttpBody,
    payment::v1::{HandleWebhookRequest, payment_service_client::PaymentServiceClient},
};

use super::{NAME, book, book::Webhook};
use crate::{Error, grpc::SIGNATURE, provider::signature};

/// How many are sent at once.
const BATCH: i64 = 64;
const CONCURRENT: usize = 8;
/// How often at least it looks for some.
const POLL: Duration = Duration::from_millis(500);
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60 * 60));
/// What nobody has taken for so long is dropped, as other providers do.
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);

#[derive(Clone)]
pub(super) struct Courier {
    db: Db,
    secret: SecretString,
    payments: Rpc,
    news: Arc<Notify>,
}

/// What became of a webhook.
enum Sent {
    Done(Webhook),
    Again(Webhook),
}

impl Courier {
    pub(super) fn new(context: &Context, db: Db, secret: SecretString, news: Arc<Notify>) -> Self {
        Self { db, secret, payments: context.calls.rpc(crate::NAME), news }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let all = match self.send_due().await {
                Ok(sent) => sent < usize::try_from(BATCH).unwrap_or(usize::MAX),
                Err(error) => {
                    tracing::warn!(%error, "the sandbox provider cannot send webhooks");
                    true
                }
            };
            if all {
                tokio::select! {
                    () = self.news.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }

    async fn send_due(&self) -> Result<usize, Error> {
        let due = book::due_webhooks(self.db.reader(), self.db.clock().now(), BATCH).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let sending = due.into_iter().map(|webhook| self.send(webhook));
        let sent: Vec<Sent> = stream::iter(sending).buffer_unordered(CONCURRENT).collect().await;
        let outcomes: &[Sent] = &sent;
        self.db.write(|tx| Box::pin(record(tx, outcomes))).await?;
        Ok(sent.len())
    }

    async fn send(&self, webhook: Webhook) -> Sent {
        let now = self.db.clock().now();
        let body = Bytes::from(webhook.body.clone());
        let signature = signature::sign(&self.secret, &body, now);
        let body = HttpBody { content_type: "application/json".to_owned(), data: body, extensions: Vec::new() };
        let mut request = Request::new(HandleWebhookRequest { provider: NAME.to_owned(), body: Some(body) });
        request.metadata_mut().insert(SIGNATURE, signature.parse().expect("digits and letters are ASCII"));
        match PaymentServiceClient::new(self.payments.clone()).handle_webhook(request).await {
            Ok(_) => Sent::Done(webhook),
            Err(status) if status.code() == Code::InvalidArgument || now.since(webhook.created_at) > GIVE_UP => {
                tracing::warn!(event.id = webhook.event_id, %status, "a webhook of the sandbox provider is not taken");
                Sent::Done(webhook)
            }
            Err(_) => Sent::Again(webhook),
        }
    }
}

async fn record(tx: &Tx, sent: &[Sent]) -> Result<(), Error> {
    for outcome in sent {
        match outcome {
            Sent::Done(webhook) => book::remove_webhook(tx, &webhook.event_id).await?,
            Sent::Again(webhook) => {
                let failures = u32::try_from(webhook.failures).unwrap_or(u32::MAX).saturating_add(1);
                book::put_off_webhook(tx, &webhook.event_id, tx.now() + BACKOFF.wait(failures)).await?;
            }
        }
    }
    Ok(())
}
