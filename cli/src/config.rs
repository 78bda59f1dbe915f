//! The configuration: where settings come from, which there are, and what is wrong with them.
//!
//! `config/default.toml` is compiled in and is the reference: a setting that it does not have is an error, and a value
//! has the type of the default. Everything that is wrong is told at once, each with where it comes from.
//! [`Sources`] is all that is read, as values; only [`Sources::read`] touches files.

mod dump;
mod merge;
mod problems;
mod settings;
mod sources;

pub(crate) use dump::dump;
pub use problems::Problems;
pub use settings::Settings;
pub use sources::Sources;

/// The reference: every setting with its default.
pub(crate) const DEFAULT: &str = include_str!("../../config/default.toml");
