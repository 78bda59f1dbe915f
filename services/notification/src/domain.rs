//! What people are told and in which words. Pure: no I/O, no framework.

pub(crate) mod letter;
pub(crate) mod preferences;
pub(crate) mod template;
pub(crate) mod text;

pub(crate) use letter::{Letter, Status};
pub(crate) use preferences::Preferences;
