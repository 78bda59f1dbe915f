//! What can be asked of search, apart from the words: pure types and their parsers.

pub(crate) mod filter;
mod order;

pub use filter::{Filter, FilterError, Price};
pub use order::{Order, UnknownOrder};
