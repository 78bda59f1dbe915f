use http::Uri;

use super::*;
use crate::bench::{client, testing::Server};

/// Asks for `/`, for ever or so many times.
#[derive(Debug)]
struct Asking {
    left: usize,
    seen: usize,
}

impl Actor for Asking {
    fn next(&mut self) -> Option<Ask> {
        self.left = self.left.checked_sub(1)?;
        Some(client::get(Uri::from_static("/")))
    }

    fn saw(&mut self, reply: &Reply, _: Instant) -> Result<()> {
        assert_eq!(reply.body, "{}");
        self.seen += 1;
        Ok(())
    }
}

fn asking(clients: usize, times: usize) -> Vec<Asking> {
    (0..clients).map(|_| Asking { left: times, seen: 0 }).collect()
}

fn no_cpu() -> Result<Duration> {
    Ok(Duration::ZERO)
}

fn empty(_: &str) -> (u16, String) {
    (200, "{}".into())
}

const SHORT: Load = Load { per_second: None, warm_up: Duration::from_millis(50), window: Duration::from_millis(200) };

#[tokio::test]
async fn actors_that_end_are_all_answered() {
    let server = Server::start(empty).await;
    let (measured, actors) = drive(server.address, Load::until_done(), asking(3, 20), no_cpu).await.expect("it works");
    assert_eq!((measured.answers, measured.latencies.len(), measured.errors.count), (60, 60, 0));
    assert!(actors.iter().all(|actor| actor.seen == 20));
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_closed_load_ends_with_its_window() {
    let server = Server::start(empty).await;
    let (measured, _) = drive(server.address, SHORT, asking(2, usize::MAX), no_cpu).await.expect("it works");
    assert!(measured.answers > 10, "{}", measured.answers);
    assert!(measured.elapsed >= SHORT.window, "{:?}", measured.elapsed);
}

#[tokio::test]
async fn a_paced_load_keeps_its_pace() {
    let server = Server::start(empty).await;
    let load = Load { per_second: Some(500), ..SHORT };
    let (measured, _) = drive(server.address, load, asking(8, usize::MAX), no_cpu).await.expect("it works");
    // What the machine kept from being sent in the warm-up is sent in the window.
    assert!((10..=126).contains(&measured.answers), "100 are due in the window: {}", measured.answers);
}

#[tokio::test]
async fn what_had_to_wait_for_its_turn_took_longer() {
    let delay = Duration::from_millis(20);
    let server = Server::slow(delay, empty).await;
    // One client that gets 50 a second done at most, while 200 are due.
    let load = Load { per_second: Some(200), ..SHORT };
    let (measured, _) = drive(server.address, load, asking(1, usize::MAX), no_cpu).await.expect("it works");
    let longest = measured.latencies.percentile(100).expect("there are answers");
    assert!(longest > 4 * delay, "{longest:?}");
}

#[tokio::test]
async fn errors_are_counted_and_the_first_is_kept() {
    let server = Server::start(|_| (429, "slow down".into())).await;
    let (measured, actors) = drive(server.address, Load::until_done(), asking(2, 5), no_cpu).await.expect("it works");
    assert_eq!(measured.errors.count, 10);
    assert_eq!(measured.errors.first.as_deref(), Some("429 slow down"));
    assert!(actors.iter().all(|actor| actor.seen == 0));
}

#[tokio::test]
async fn processor_time_is_that_of_the_window() {
    let server = Server::start(empty).await;
    let calls = AtomicU64::new(0);
    let cpu = || Ok(Duration::from_millis(100 * calls.fetch_add(1, Ordering::Relaxed)));
    let (measured, _) = drive(server.address, Load::until_done(), asking(1, 4), cpu).await.expect("it works");
    assert_eq!(measured.cpu_each(), Duration::from_millis(25));
}

#[tokio::test]
async fn a_server_that_is_gone_ends_it() {
    let address = Server::start(empty).await.address;
    // The server ended with its value.
    let error = drive(address, SHORT, asking(1, 1), no_cpu).await.expect_err("nobody answers");
    assert!(error.to_string().contains("refused"), "{error}");
}
