//! The metrics of this service.

/// Searches, by `result`: `found` or `nothing`.
pub const SEARCHES: &str = "search_requests_total";
/// Changes of products that came in, by `result`: `taken` or `stale`.
pub const CHANGES: &str = "search_changes_total";
/// How long it took to make changes searchable.
pub const COMMIT_SECONDS: &str = "search_commit_seconds";
/// Messages that could not be handled and were dropped; the next comparison with the catalogue makes up for them.
pub const DROPPED: &str = "search_messages_dropped_total";

/// Describes them to the recorder.
pub fn describe() {
    metrics::describe_counter!(SEARCHES, "searches");
    metrics::describe_counter!(CHANGES, "changes of products that came in");
    metrics::describe_histogram!(COMMIT_SECONDS, metrics::Unit::Seconds, "time to make changes searchable");
    metrics::describe_counter!(DROPPED, "messages that could not be handled and were dropped");
}

/// Counts changes.
pub(crate) fn changes(taken: usize, all: usize) {
    metrics::counter!(CHANGES, "result" => "taken").increment(taken as u64);
    metrics::counter!(CHANGES, "result" => "stale").increment(all.saturating_sub(taken) as u64);
}
