//! Full-text search over the published catalogue.
