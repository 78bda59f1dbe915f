//! The whole service through its client, on SQLite and the in-process bus, with a catalogue and an inventory that
//! say what the test wants.

mod changing;
mod guests;
mod harness;
mod merging;
mod ordered;
mod schema;
mod showing;
