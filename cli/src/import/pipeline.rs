//! Reads ahead, sends several batches at a time, and tells what became of them in the order of the source.

use std::pin::pin;

use futures::StreamExt;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Plan,
    entry::{Content, Entries, Finding, Item},
    send::send,
    tally::Tally,
    target::Target,
};
use crate::exit::{Exit, Failure};

const BATCH_PRODUCTS: usize = 500;
const BATCH_BYTES: usize = 2 << 20;
/// While one batch is stored, another is on its way, and a third one's stock is set.
const IN_FLIGHT: usize = 3;

/// What became of one batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The products.
    pub(crate) tally: Tally,
    /// What is to be said about lines, in no order.
    pub(crate) findings: Vec<Finding>,
    /// Everything up to this line is done.
    pub(crate) last_line: u64,
    /// The source could not be read any further.
    pub(crate) broken: bool,
}

/// Products to send, and what their lines came to when they were read.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    bytes: usize,
    outcome: Outcome,
}

/// Imports what follows line `after`, and hands over what became of each batch.
///
/// # Errors
/// The server cannot be reached any more, or refuses the authority. What was handed over is done.
pub(crate) async fn run(
    entries: Entries,
    after: u64,
    target: &Target,
    plan: Plan,
    mut done: impl FnMut(Outcome),
) -> Result<(), Failure> {
    let (batches, received) = mpsc::channel(1);
    let reader = tokio::task::spawn_blocking(move || read(entries, after, &batches));
    let sent = ReceiverStream::new(received).map(|batch| finish(target, plan, batch)).buffered(IN_FLIGHT);
    let mut sent = pin!(sent);
    while let Some(outcome) = sent.next().await {
        done(outcome?);
    }
    reader.await.map_err(|_| Failure::new(Exit::Failure, "reading the file panicked; this is a bug"))
}

async fn finish(target: &Target, plan: Plan, batch: Batch) -> Result<Outcome, Failure> {
    let Batch { items, mut outcome, .. } = batch;
    let (tally, findings) = send(target, plan, items).await?;
    outcome.tally += tally;
    outcome.findings.extend(findings);
    Ok(outcome)
}

/// Cuts the source into batches, until it ends or nobody wants more.
fn read(entries: Entries, after: u64, batches: &mpsc::Sender<Batch>) {
    let mut batch = Batch::default();
    for entry in entries.filter(|entry| entry.last_line > after) {
        batch.outcome.last_line = entry.last_line;
        batch.outcome.findings.extend(entry.findings);
        match entry.content {
            Content::Product(item) => {
                batch.bytes += item.product.encoded_len();
                batch.items.push(*item);
            }
            Content::Refused => batch.outcome.tally.failed += 1,
            Content::Broken => batch.outcome.broken = true,
        }
        if (batch.items.len() >= BATCH_PRODUCTS || batch.bytes >= BATCH_BYTES)
            && batches.blocking_send(std::mem::take(&mut batch)).is_err()
        {
            return;
        }
    }
    if batch.outcome.last_line > 0 {
        // Nobody wants it only when the import has failed, which is told by who failed.
        drop(batches.blocking_send(batch));
    }
}

#[cfg(test)]
mod tests {
    use ultramarket_api::catalog::v1::Product;

    use super::{super::entry::Entry, *};

    fn entry(line: u64, description: &str) -> Entry {
        let product = Product { description: description.into(), ..Product::default() };
        let item = Item { line, product, quantities: vec![None] };
        Entry { last_line: line, content: Content::Product(Box::new(item)), findings: Vec::new() }
    }

    fn batches(entries: impl Iterator<Item = Entry> + Send + 'static, after: u64) -> Vec<(u64, usize, u64)> {
        let (sender, mut receiver) = mpsc::channel(100);
        read(Box::new(entries), after, &sender);
        drop(sender);
        std::iter::from_fn(|| receiver.try_recv().ok())
            .map(|batch| (batch.outcome.last_line, batch.items.len(), batch.outcome.tally.failed))
            .collect()
    }

    #[test]
    fn a_source_is_cut_by_number_and_by_size() {
        assert_eq!(batches((1..=1001).map(|line| entry(line, "")), 0), [(500, 500, 0), (1000, 500, 0), (1001, 1, 0)]);
        let large = "x".repeat(BATCH_BYTES / 2);
        assert_eq!(batches((1..=3).map(move |line| entry(line, &large)), 0), [(2, 2, 0), (3, 1, 0)]);
        assert_eq!(batches(std::iter::empty(), 0), []);
    }

    #[test]
    fn what_was_done_before_is_passed_over() {
        assert_eq!(batches((1..=600).map(|line| entry(line, "")), 500), [(600, 100, 0)]);
        assert_eq!(batches((1..=600).map(|line| entry(line, "")), 600), []);
    }

    #[test]
    fn refused_lines_travel_with_the_batch() {
        let refused =
            |line| Entry { last_line: line, content: Content::Refused, findings: vec![Finding::new(line, "bad")] };
        assert_eq!(batches([refused(1), entry(2, ""), refused(3)].into_iter(), 0), [(3, 1, 2)]);
    }
}
