//! Hands queued mail over, again and again until it is taken or of no use any more.
//!
//! Mail is handed over before it is noted as sent: a process that dies in between hands it over again, with the same
//! id. Nothing is sent within a transaction.

use std::{sync::Arc, time::Duration};

use db::{Db, Tx};
use futures::{StreamExt, stream};
use kernel::{Backoff, Timestamp};
use lettre::message::Mailbox;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    domain::Status,
    mailer::{Mail, MailError, Mailer, SharedMailer},
    metrics,
    store::outgoing::{self, Outgoing},
};

/// How many pieces are taken up together, and how many are handed over at once.
const BATCH: usize = 64;
const CONCURRENT: usize = 8;
/// How long one try may take, with both mailers, and how long nobody else tries.
const TRY: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(30);

/// The address of an account is not known yet.
const NO_ADDRESS: &str = "no address is known";

/// Hands mail over.
#[derive(Clone, Debug)]
pub(crate) struct Postman {
    pub(crate) db: Db,
    pub(crate) primary: SharedMailer,
    pub(crate) fallback: Option<SharedMailer>,
    pub(crate) from: Mailbox,
    pub(crate) wake: Arc<Notify>,
    pub(crate) poll: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) give_up: Duration,
}

/// What became of a try.
#[derive(Debug)]
enum Tried {
    Sent,
    Failed(String),
    Later(String),
}

impl Postman {
    /// Works until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let more = match self.round().await {
                Ok(taken) => taken == BATCH,
                Err(error) => {
                    tracing::warn!(%error, "hand over mail");
                    false
                }
            };
            let pause = if more { Duration::ZERO } else { self.poll };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Tries what is due and tells how much that was.
    async fn round(&self) -> Result<usize, Error> {
        let due = outgoing::due(self.db.reader(), self.db.clock().now(), BATCH).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let due = due.as_slice();
        let mail: Vec<Outgoing> = self.db.write(|tx| Box::pin(outgoing::claim(tx, due, LEASE))).await?;
        let count = mail.len();
        let trying = mail.into_iter().map(|mail| async move {
            let tried = self.attempt(&mail).await;
            (mail, tried)
        });
        let tried: Vec<(Outgoing, Tried)> = stream::iter(trying).buffer_unordered(CONCURRENT).collect().await;
        let tried = tried.as_slice();
        self.db.write(|tx| Box::pin(self.note(tx, tried))).await?;
        Ok(count)
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Tried {
        let now = self.db.clock().now();
        if outgoing.expires.is_some_and(|expires| expires <= now) {
            return Tried::Failed("it is of no use any more".to_owned());
        }
        let Some(to) = outgoing.email.clone() else { return Tried::Later(NO_ADDRESS.to_owned()) };
        let mail = Mail {
            id: outgoing.id.clone(),
            from: self.from.clone(),
            to,
            subject: outgoing.subject.clone(),
            body: outgoing.body.clone(),
            date: outgoing.created_at,
        };
        match tokio::time::timeout(TRY, self.send(&mail)).await {
            Ok(Ok(())) => Tried::Sent,
            Ok(Err(MailError::Unsendable(why))) => Tried::Failed(why),
            Ok(Err(MailError::Away(error))) => Tried::Later(error.to_string()),
            Err(late) => Tried::Later(late.to_string()),
        }
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let failed = match send_by("primary", self.primary.as_ref(), mail).await {
            Err(MailError::Away(error)) => error,
            decided => return decided,
        };
        match &self.fallback {
            Some(fallback) => send_by("fallback", fallback.as_ref(), mail).await,
            None => Err(failed.into()),
        }
    }

    async fn note(&self, tx: &Tx, tried: &[(Outgoing, Tried)]) -> Result<(), Error> {
        for (mail, tried) in tried {
            match tried {
                Tried::Sent => finish(tx, mail, Status::Sent, "").await?,
                Tried::Failed(why) => finish(tx, mail, Status::Failed, why).await?,
                Tried::Later(why) if tx.now().since(mail.created_at) >= self.give_up => {
                    finish(tx, mail, Status::Failed, why).await?;
                }
                Tried::Later(why) => {
                    let due: Timestamp = tx.now() + self.backoff.wait(mail.attempts);
                    outgoing::put_off(tx, &mail.id, due, why).await?;
                }
            }
        }
        Ok(())
    }
}

async fn send_by(name: &'static str, mailer: &dyn Mailer, mail: &Mail) -> Result<(), MailError> {
    let sent = mailer.send(mail).await;
    if let Err(error) = &sent {
        ::metrics::counter!(metrics::MAIL_FAILURES, "mailer" => name).increment(1);
        tracing::warn!(notification.id = mail.id, mailer = name, %error, "mail was not taken");
    }
    sent
}

async fn finish(tx: &Tx, mail: &Outgoing, status: Status, why: &str) -> Result<(), Error> {
    outgoing::finish(tx, &mail.id, status, why).await?;
    let (id, template, why) = (mail.id.clone(), mail.template.clone(), why.to_owned());
    tx.after_commit(move || {
        metrics::count(&template, status);
        if status == Status::Failed {
            tracing::error!(notification.id = id, template, why, "mail is given up");
        }
    });
    Ok(())
}
