//! Where calls to the sandbox are decided and booked: one after the other, several in one transaction.

use std::{sync::Arc, time::Duration};

use db::{Db, Tx};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    bank::{self, Verdict},
    book, report,
};
use crate::{Error, domain::attempt::Call};

/// How many calls share a transaction, and how many wait.
const BATCH: usize = 64;

type Asked = (Call, oneshot::Sender<Verdict>);

/// Where calls are handed in.
#[derive(Clone, Debug)]
pub(super) struct Counter(mpsc::Sender<Asked>);

impl Counter {
    /// Hands in a call; none if it could not be booked.
    pub(super) async fn decide(&self, call: Call) -> Option<Verdict> {
        let (verdict, decided) = oneshot::channel();
        self.0.send((call, verdict)).await.ok()?;
        decided.await.ok()
    }
}

/// Who books them.
#[derive(Clone)]
pub(super) struct Teller {
    db: Db,
    calls: Arc<Mutex<mpsc::Receiver<Asked>>>,
    news: Arc<Notify>,
    webhook_delay: Duration,
}

impl Teller {
    pub(super) fn open(db: Db, news: Arc<Notify>, webhook_delay: Duration) -> (Counter, Self) {
        let (sender, receiver) = mpsc::channel(BATCH);
        (Counter(sender), Self { db, calls: Arc::new(Mutex::new(receiver)), news, webhook_delay })
    }

    pub(super) async fn serve(self, stop: CancellationToken) {
        let mut calls = self.calls.lock().await;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let taken = tokio::select! {
                taken = calls.recv_many(&mut batch, BATCH) => taken,
                () = stop.cancelled() => return,
            };
            if taken == 0 {
                return;
            }
            let asked: &[Asked] = &batch;
            match self.db.write(|tx| Box::pin(self.book_all(tx, asked))).await {
                Ok(verdicts) => {
                    self.news.notify_one();
                    for ((_, reply), verdict) in batch.drain(..).zip(verdicts) {
                        // Who asked may have gone.
                        drop(reply.send(verdict));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the sandbox provider cannot book calls");
                    batch.clear();
                }
            }
        }
    }

    async fn book_all(&self, tx: &Tx, asked: &[Asked]) -> Result<Vec<Verdict>, Error> {
        let mut verdicts = Vec::with_capacity(asked.len());
        for (call, _) in asked {
            verdicts.push(self.book(tx, call).await?);
        }
        Ok(verdicts)
    }

    async fn book(&self, tx: &Tx, call: &Call) -> Result<Verdict, Error> {
        let intent = book::intent(tx, &call.authorization_key).await?;
        let past = book::call(tx, &call.key).await?;
        let decision = bank::decide(intent.as_ref(), past.as_ref(), call, tx.ids());
        book::put_call(tx, &call.key, &decision.past).await?;
        if let Some((intent, said)) = &decision.news {
            book::put_intent(tx, intent).await?;
            let event_id = format!("evt_{}", tx.ids().uuid().simple());
            if let Some(body) = report::write(&event_id, intent, said, tx.now()) {
                book::put_webhook(tx, &event_id, &body, tx.now() + self.webhook_delay).await?;
            }
        }
        Ok(decision.verdict)
    }
}
