//! Many clients at once, each with a connection of its own.
//!
//! Closed: each sends when it has its answer, which finds out what the server can do. Paced: so many a second are due,
//! whatever the server does; one that was due while all clients waited has waited since then, so that a server that
//! stands still cannot hide it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time};

use super::{
    client::{Ask, Connection, Reply},
    latency::Latencies,
};

/// How long answers may be outstanding at the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who asks one thing after the other.
pub(crate) trait Actor: Send + 'static {
    /// The next request; none when everything is done.
    fn next(&mut self) -> Option<Ask>;

    /// What came back of it, if it was a success, and when it was sent.
    ///
    /// # Errors
    /// It is not what it should be.
    fn saw(&mut self, _reply: &Reply, _sent: Instant) -> Result<()> {
        Ok(())
    }
}

/// When requests are sent, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// So many a second; as fast as answers come if there is none.
    pub(crate) per_second: Option<u32>,
    /// How long it runs before it is measured.
    pub(crate) warm_up: Duration,
    /// How long it is measured, if the actors do not end before.
    pub(crate) window: Duration,
}

impl Load {
    /// As fast as possible until all actors have done everything.
    pub(crate) const fn until_done() -> Self {
        Self { per_second: None, warm_up: Duration::ZERO, window: Duration::from_secs(600) }
    }
}

/// What a load has shown.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Answers in the window, of any kind.
    pub(crate) answers: u64,
    /// The window.
    pub(crate) elapsed: Duration,
    /// What the server's processor time grew by.
    pub(crate) cpu: Duration,
    /// Of all that were sent in the window.
    pub(crate) latencies: Latencies,
    /// What was no success, in the warm-up too.
    pub(crate) errors: Errors,
}

impl Measured {
    /// Answers a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Processor time for each answer.
    pub(crate) fn cpu_each(&self) -> Duration {
        self.cpu.div_f64((self.answers as f64).max(1.0))
    }
}

/// What was no success.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors {
    /// How many.
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) first: Option<String>,
}

impl Errors {
    /// One more.
    pub(crate) fn push(&mut self, error: String) {
        self.count += 1;
        self.first.get_or_insert(error);
    }

    /// Those of another place, too.
    pub(crate) fn append(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }
}

/// Lets all actors act at once. Gives them back.
///
/// # Errors
/// The server is gone, or does not answer, or `cpu` (the server's processor time) cannot be told.
pub(crate) async fn drive<A: Actor>(
    address: SocketAddr,
    load: Load,
    actors: Vec<A>,
    cpu: impl Fn() -> Result<Duration>,
) -> Result<(Measured, Vec<A>)> {
    let clients = u32::try_from(actors.len())?;
    let schedule = Arc::new(Schedule::new(load));
    let mut tasks = JoinSet::new();
    for actor in actors {
        let client = Client { address, actor, schedule: Arc::clone(&schedule), outcome: Outcome::default() };
        tasks.spawn(client.run());
    }
    time::sleep_until(schedule.measured_from.into()).await;
    let cpu_before = cpu()?;
    let mut ended = Vec::new();
    let all = async {
        while let Some(task) = tasks.join_next().await {
            ended.push(task);
        }
    };
    let done_early = time::timeout_at(schedule.end.into(), all).await.is_ok();
    let (elapsed, cpu) = (schedule.measured_from.elapsed(), cpu()?.saturating_sub(cpu_before));
    if !done_early {
        let rest = async {
            while let Some(task) = tasks.join_next().await {
                ended.push(task);
            }
        };
        time::timeout(PATIENCE, rest).await.context("wait for the last answers")?;
    }
    let mut measured = Measured {
        answers: schedule.answers.load(Ordering::Relaxed),
        elapsed,
        cpu,
        latencies: Latencies::default(),
        errors: Errors::default(),
    };
    let mut actors = Vec::with_capacity(usize::try_from(clients)?);
    for task in ended {
        let client = task.context("a client panicked")??;
        measured.latencies.append(client.outcome.latencies);
        measured.errors.append(client.outcome.errors);
        actors.push(client.actor);
    }
    Ok((measured, actors))
}

/// What all clients go by.
#[derive(Debug)]
struct Schedule {
    per_second: Option<u32>,
    begun: Instant,
    measured_from: Instant,
    end: Instant,
    taken: AtomicU32,
    answers: AtomicU64,
}

impl Schedule {
    fn new(load: Load) -> Self {
        let begun = Instant::now();
        let measured_from = begun + load.warm_up;
        Self {
            per_second: load.per_second,
            begun,
            measured_from,
            end: measured_from + load.window,
            taken: AtomicU32::new(0),
            answers: AtomicU64::new(0),
        }
    }

    /// Waits until the next request is due and tells since when it is. None when it is over.
    async fn turn(&self) -> Option<Instant> {
        let due = self.per_second.map(|per_second| {
            let turn = self.taken.fetch_add(1, Ordering::Relaxed);
            self.begun + Duration::from_secs(1) * turn / per_second
        });
        let now = Instant::now();
        if due.unwrap_or(now) >= self.end {
            return None;
        }
        match due {
            // A timer that wakes late is no fault of the server.
            Some(due) if due > now => {
                time::sleep_until(due.into()).await;
                Some(Instant::now())
            }
            Some(due) => Some(due),
            None => Some(now),
        }
    }
}

#[derive(Debug, Default)]
struct Outcome {
    latencies: Latencies,
    errors: Errors,
}

struct Client<A> {
    address: SocketAddr,
    actor: A,
    schedule: Arc<Schedule>,
    outcome: Outcome,
}

impl<A: Actor> Client<A> {
    async fn run(mut self) -> Result<Self> {
        let mut connection = Connection::open(self.address).await?;
        while let Some(since) = self.schedule.turn().await {
            let Some(ask) = self.actor.next() else { break };
            if connection.closed() {
                connection = Connection::open(self.address).await.context("connect again")?;
            }
            let sent = Instant::now();
            let answer = connection.send(ask).await;
            self.account(since);
            match answer {
                Ok(reply) if reply.status.is_success() => self.actor.saw(&reply, sent)?,
                Ok(reply) => self.outcome.errors.push(reply.excerpt()),
                Err(error) => self.outcome.errors.push(format!("{error:#}")),
            }
        }
        Ok(self)
    }

    fn account(&mut self, since: Instant) {
        let now = Instant::now();
        let Schedule { measured_from, end, ref answers, .. } = *self.schedule;
        if now >= measured_from && now < end {
            answers.fetch_add(1, Ordering::Relaxed);
        }
        if since >= measured_from {
            self.outcome.latencies.push(now - since);
        }
    }
}

#[cfg(test)]
mod tests;
