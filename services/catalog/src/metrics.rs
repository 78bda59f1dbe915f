//! What the catalogue counts.

/// Products created, updated and deleted, by `change`.
pub const PRODUCTS_CHANGED: &str = "catalog_products_changed_total";

/// Describes them to the recorder.
pub fn describe() {
    metrics::describe_counter!(PRODUCTS_CHANGED, "products created, updated and deleted");
}

/// Counts one change; `change` is `created`, `updated` or `deleted`.
pub(crate) fn products_changed(change: &'static str) {
    metrics::counter!(PRODUCTS_CHANGED, "change" => change).increment(1);
}
