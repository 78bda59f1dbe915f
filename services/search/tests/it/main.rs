//! The whole service through its client, on the in-process bus, with a catalogue that the tests fill.

mod following;
mod harness;
mod searching;
mod suggesting;
