//! A provider for trying everything out without an account: deterministic, in this process, with books of its own.
//!
//! It behaves like an outside system. A call goes on when its caller has given up; what it has booked survives a
//! kill; a key takes effect once; and what happened is also reported by signed webhooks, through the same RPC that
//! any provider uses. What a payment does is decided by its token (see [`token`]).

pub(crate) mod bank;
mod book;
mod courier;
mod report;
mod teller;
mod token;

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use db::Db;
use kernel::Timestamp;
use secrecy::SecretString;
use service_kit::{Context, Tasks};
use tokio::sync::{Notify, oneshot};
use tonic::codegen::async_trait;

use self::{
    bank::{Said, Verdict},
    courier::Courier,
    teller::{Counter, Teller},
    token::Behaviour,
};
use super::{CallError, Notice, Provider, Reply, WebhookError, signature};
use crate::{Error, config, domain::attempt::Call};

/// Its name.
pub(crate) const NAME: &str = "sandbox";

/// The sandbox provider. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Sandbox(Arc<Inner>);

struct Inner {
    db: Db,
    tasks: Tasks,
    counter: Counter,
    /// The keys of calls that it is at.
    working: Mutex<HashSet<String>>,
    secrets: Vec<SecretString>,
    slow: Duration,
    lost_answer: Duration,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sandbox")
    }
}

impl Sandbox {
    /// Opens its books in `db` and starts its work.
    pub(crate) async fn start(context: &Context, db: &Db, settings: &config::Sandbox) -> Result<Self, Error> {
        let secret = match config::set(&settings.webhook_secret) {
            Some(secret) => secret,
            None => book::webhook_secret(db).await?,
        };
        let news = Arc::new(Notify::new());
        let delay = Duration::from_millis(settings.webhook_delay_ms);
        let (counter, teller) = Teller::open(db.clone(), Arc::clone(&news), delay);
        context.tasks.spawn_loop("sandbox provider", move |stop| teller.clone().serve(stop));
        let courier = Courier::new(context, db.clone(), secret.clone(), news);
        context.worker("sandbox webhooks", move |stop| courier.clone().run(stop));
        let mut secrets = vec![secret];
        secrets.extend(config::set(&settings.webhook_secret_before));
        Ok(Self(Arc::new(Inner {
            db: db.clone(),
            tasks: context.tasks.clone(),
            counter,
            working: Mutex::default(),
            secrets,
            slow: Duration::from_millis(settings.slow_ms),
            lost_answer: Duration::from_millis(settings.lost_answer_ms),
        })))
    }

    async fn ask(&self, call: &Call) -> Result<Reply, CallError> {
        let (answer, answered) = oneshot::channel();
        // As across a network: once asked, it goes on even if nobody waits any more.
        drop(self.0.tasks.spawn("sandbox call", self.clone().work(call.clone(), answer)));
        match answered.await {
            Ok(said) => said.into_reply(call),
            Err(_) => Err(CallError::Lost { cause: "the connection broke".to_owned() }),
        }
    }

    async fn work(self, call: Call, answer: oneshot::Sender<Said>) {
        let stop = self.0.tasks.stopping();
        let work = async {
            let verdict = self.decide(call).await;
            match verdict {
                Some(Verdict::Answer(said)) => drop(answer.send(said)),
                Some(Verdict::Silence) => tokio::time::sleep(self.0.lost_answer).await,
                None => {}
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    async fn decide(&self, call: Call) -> Option<Verdict> {
        let key = call.key.clone();
        self.working().insert(key.clone());
        if Behaviour::of(&call.token.0).is_slow(call.operation) {
            tokio::time::sleep(self.0.slow).await;
        }
        let verdict = self.0.counter.decide(call).await;
        self.working().remove(&key);
        verdict
    }

    fn working(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn authorize(&self, call: &Call) -> Result<Reply, CallError> {
        self.ask(call).await
    }

    async fn confirm(&self, call: &Call) -> Result<Reply, CallError> {
        self.ask(call).await
    }

    async fn capture(&self, call: &Call) -> Result<Reply, CallError> {
        self.ask(call).await
    }

    async fn void(&self, call: &Call) -> Result<Reply, CallError> {
        self.ask(call).await
    }

    async fn refund(&self, call: &Call) -> Result<Reply, CallError> {
        self.ask(call).await
    }

    async fn query(&self, call: &Call) -> Result<Option<Reply>, CallError> {
        if self.working().contains(&call.key) {
            return Ok(Some(Reply::Processing));
        }
        let past = book::call(self.0.db.reader(), &call.key).await;
        let past = past.map_err(|error| CallError::Lost { cause: error.to_string() })?;
        match past.and_then(|past| past.said) {
            Some(said) => said.into_reply(call).map(Some),
            None => Ok(None),
        }
    }

    fn read_webhook(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Notice, WebhookError> {
        if signature::verify(signature, &self.0.secrets, body, now) {
            report::read(body)
        } else {
            Err(WebhookError::Signature)
        }
    }
}
