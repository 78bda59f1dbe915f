//! Background work: named, traced, counted and stopped.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::metrics::TASK_PANICS;

/// How long a loop that panicked rests before it runs again.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// The tasks of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    drain: CancellationToken,
    stop: CancellationToken,
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Is cancelled when the process begins to stop and still answers the calls under way. Answers that would go on
    /// without end watch it.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Asks answers that would go on without end to come to it.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Is cancelled when the process stops. Every long-running task watches it.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `future` in the background. A panic in it is logged and counted, and ends only this task.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let guarded = async move {
            let result = AssertUnwindSafe(future).catch_unwind().await;
            if result.is_err() {
                metrics::counter!(TASK_PANICS, "task" => name).increment(1);
                tracing::error!(task = name, "task panicked");
            }
            result.ok()
        };
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns tasks")]
        tokio::spawn(self.tracker.track_future(guarded.instrument(tracing::info_span!("task", task = name))))
    }

    /// Runs what `run` makes until the process stops, again and again should it panic.
    pub fn spawn_loop<F>(&self, name: &'static str, run: impl Fn(CancellationToken) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        let supervise = async move {
            while !tasks.stop.is_cancelled() {
                let finished = tasks.spawn(name, run(tasks.stop.clone())).await;
                if matches!(finished, Ok(Some(()))) && tasks.stop.is_cancelled() {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(RESTART_AFTER) => {}
                    () = tasks.stop.cancelled() => {}
                }
            }
        };
        drop(self.spawn(name, supervise));
    }

    /// Asks all tasks to stop and waits for them, at most so long. Tells whether all have ended.
    pub async fn shutdown(&self, within: Duration) -> bool {
        let begun = Instant::now();
        self.drain.cancel();
        self.stop.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(within, self.tracker.wait()).await.is_ok();
        if !ended {
            tracing::warn!(
                tasks = self.tracker.len(),
                waited_s = begun.elapsed().as_secs(),
                "tasks did not end in time"
            );
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_panics_runs_again_until_the_process_stops() {
        let tasks = Tasks::new();
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&runs);
        tasks.spawn_loop("flaky", move |stop| {
            let counter = Arc::clone(&counter);
            async move {
                if counter.fetch_add(1, Ordering::SeqCst) == 0 {
                    panic!("the first run fails");
                }
                stop.cancelled().await;
            }
        });
        while runs.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(tasks.shutdown(Duration::from_secs(5)).await);
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_stop_does_not_hold_up_the_process_for_ever() {
        let tasks = Tasks::new();
        let hanging = tasks.spawn("hanging", std::future::pending::<()>());
        assert!(!tasks.shutdown(Duration::from_secs(5)).await);
        hanging.abort();
    }
}
