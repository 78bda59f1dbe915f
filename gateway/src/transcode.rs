//! JSON and protobuf, each straight into the other, by the tables of [`crate::schema`].
//!
//! Nothing here knows HTTP. [`response`] prints encoded messages, [`request`] encodes JSON and [`binding`] adds
//! what stands in the path and the query; all refuse what the ProtoJSON specification does not allow.

pub(crate) mod binding;
pub(crate) mod fault;
pub(crate) mod json;
pub(crate) mod mask;
pub(crate) mod number;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod wire;

/// Objects, arrays and messages nested deeper than this are refused, as protobuf's own parsers do.
pub(crate) const MAX_DEPTH: usize = 100;

#[cfg(test)]
mod tests;
