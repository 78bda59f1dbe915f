//! What is wrong with a request, and where in it.

use std::{borrow::Cow, fmt::Write};

/// The kind of a fault. Each has a stable reason that clients match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// The body is not JSON.
    MalformedJson,
    /// The path cannot be decoded.
    MalformedPath,
    /// The query string cannot be decoded.
    MalformedQuery,
    /// The message has no such field.
    UnknownField,
    /// The request has no such parameter.
    UnknownParameter,
    /// A value is not of its field's type.
    InvalidValue,
    /// One field is given twice, or two members of a oneof are.
    FieldSetTwice,
}

impl Reason {
    /// The stable name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MalformedJson => "MALFORMED_JSON",
            Self::MalformedPath => "MALFORMED_PATH",
            Self::MalformedQuery => "MALFORMED_QUERY",
            Self::UnknownField => "UNKNOWN_FIELD",
            Self::UnknownParameter => "UNKNOWN_PARAMETER",
            Self::InvalidValue => "INVALID_VALUE",
            Self::FieldSetTwice => "FIELD_SET_TWICE",
        }
    }
}

/// A request that cannot be transcoded. Boxed, because results that hold one are returned a lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    what: Cow<'static, str>,
    /// From the inside out.
    path: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Field(String),
    Item(usize),
    Key(String),
}

impl Fault {
    /// A fault at the place that is being read.
    pub(crate) fn new(reason: Reason, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { reason, what: what.into(), path: Vec::new() }))
    }

    /// The body is not JSON.
    pub(crate) fn json(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::MalformedJson, what)
    }

    /// A value is not of its field's type.
    pub(crate) fn value(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::InvalidValue, what)
    }

    /// The same, inside of a field.
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        self.0.path.push(Part::Field(name.to_owned()));
        self
    }

    /// The same, inside of an item of a list.
    pub(crate) fn in_item(mut self, index: usize) -> Self {
        self.0.path.push(Part::Item(index));
        self
    }

    /// The same, inside of an entry of a map.
    pub(crate) fn in_key(mut self, key: &str) -> Self {
        self.0.path.push(Part::Key(key.to_owned()));
        self
    }

    /// What kind of fault.
    pub(crate) fn reason(&self) -> Reason {
        self.0.reason
    }

    /// What is wrong, for people.
    pub(crate) fn what(&self) -> &str {
        &self.0.what
    }

    /// Where, as in `shippingAddress.lines[0]`; empty for the whole.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for part in self.0.path.iter().rev() {
            let written = match part {
                Part::Field(name) if path.is_empty() => write!(path, "{name}"),
                Part::Field(name) => write!(path, ".{name}"),
                Part::Item(index) => write!(path, "[{index}]"),
                Part::Key(key) => write!(path, "[{key:?}]"),
            };
            written.expect("a string takes all that is written");
        }
        path
    }
}

/// What reading a request gives.
pub(crate) type Result<T = ()> = std::result::Result<T, Fault>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_from_the_outside_in() {
        let fault = Fault::value("no").in_field("sku").in_item(3).in_field("items");
        assert_eq!(fault.path(), "items[3].sku");
        assert_eq!(Fault::value("no").in_key("a.b").in_field("m").path(), "m[\"a.b\"]");
        assert_eq!(Fault::json("no").path(), "");
    }
}
