//! Waiting for what happens in the background, without sleeping longer than it takes.

use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// Asks again until there is an answer, for ten seconds.
///
/// # Panics
/// If there is none by then.
pub async fn eventually<T, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    eventually_within(PATIENCE, what, ask).await
}

/// Asks again until there is an answer, for as long as told.
///
/// # Panics
/// If there is none by then.
pub async fn eventually_within<T, F>(patience: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = std::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < patience, "{what} did not happen within {patience:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
