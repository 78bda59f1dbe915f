//! Message tables compiled from descriptors: what transcoding looks at instead of descriptors or dynamic messages.
//!
//! Messages and enums live in two flat lists and refer to each other by index. Names are kept as JSON writes them,
//! quoted and with their colon, so that printing a field is two copies.

mod compile;

use std::collections::HashMap;

/// The index of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MessageId(u32);

/// The index of an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EnumId(u32);

/// The index of a field in its message.
pub(crate) type Slot = usize;

/// All messages and enums of a descriptor pool.
#[derive(Debug)]
pub(crate) struct Schema {
    messages: Vec<Message>,
    enums: Vec<Enumeration>,
    names: HashMap<Box<str>, MessageId>,
}

impl Schema {
    /// The message.
    pub(crate) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0 as usize]
    }

    /// The enum.
    pub(crate) fn enumeration(&self, id: EnumId) -> &Enumeration {
        &self.enums[id.0 as usize]
    }

    /// The message with the full name.
    pub(crate) fn find(&self, full_name: &str) -> Option<MessageId> {
        self.names.get(full_name).copied()
    }

    /// The message that an Any of this type holds: what follows the last slash, which must be there.
    pub(crate) fn find_any(&self, type_url: &str) -> Option<MessageId> {
        self.find(type_url.rsplit_once('/')?.1)
    }
}

/// How the JSON of a message looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An object of its fields.
    Plain,
    /// `google.protobuf.Timestamp`: RFC 3339.
    Timestamp,
    /// `google.protobuf.Duration`: seconds with an `s`.
    Duration,
    /// `google.protobuf.FieldMask`: paths with commas.
    FieldMask,
    /// A wrapper such as `google.protobuf.Int32Value`: the bare value.
    Wrapper,
    /// `google.protobuf.Struct`: any object.
    Struct,
    /// `google.protobuf.Value`: any JSON.
    Value,
    /// `google.protobuf.ListValue`: any array.
    ListValue,
    /// `google.protobuf.Any`: an object with its `@type`.
    Any,
}

impl Shape {
    /// Whether the JSON of the message is one string or number, so that it can stand in a path or query.
    pub(crate) fn is_scalar(self) -> bool {
        matches!(self, Self::Timestamp | Self::Duration | Self::FieldMask | Self::Wrapper)
    }
}

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    /// Its full name.
    pub(crate) name: Box<str>,
    /// How its JSON looks.
    pub(crate) shape: Shape,
    /// In the order of their numbers.
    pub(crate) fields: Vec<Field>,
    /// The slots of those that are always printed.
    pub(crate) always: Vec<Slot>,
    /// Slot plus one by field number, for small numbers; zero is no field.
    dense: Vec<u16>,
    /// Slots by JSON name and by proto name.
    slots: HashMap<Box<str>, Slot>,
}

impl Message {
    /// The field with the number.
    pub(crate) fn by_number(&self, number: u32) -> Option<(Slot, &Field)> {
        let slot = match self.dense.get(number as usize) {
            Some(0) => return None,
            Some(slot) => usize::from(*slot) - 1,
            None => self.fields.binary_search_by_key(&number, |field| field.number).ok()?,
        };
        Some((slot, &self.fields[slot]))
    }

    /// The field with the JSON name or the proto name. `hint` is the slot to try first.
    pub(crate) fn by_name(&self, name: &str, hint: Slot) -> Option<(Slot, &Field)> {
        if let Some(field) = self.fields.get(hint).filter(|field| field.json_name() == name) {
            return Some((hint, field));
        }
        let slot = *self.slots.get(name)?;
        Some((slot, &self.fields[slot]))
    }
}

/// What a field holds, or each of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
    /// A message between two tags instead of behind a length.
    Group(MessageId),
}

impl Kind {
    /// The message, for both encodings of messages.
    pub(crate) fn message(self) -> Option<MessageId> {
        match self {
            Self::Message(id) | Self::Group(id) => Some(id),
            _ => None,
        }
    }

    /// The wire type of one value.
    pub(crate) fn wire_type(self) -> u8 {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => 1,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => 5,
            Self::String | Self::Bytes | Self::Message(_) => 2,
            Self::Group(_) => 3,
            Self::Int32
            | Self::Int64
            | Self::Uint32
            | Self::Uint64
            | Self::Sint32
            | Self::Sint64
            | Self::Bool
            | Self::Enum(_) => 0,
        }
    }

    /// Whether a list of these may be packed into one record.
    pub(crate) fn is_packable(self) -> bool {
        !matches!(self.wire_type(), 2 | 3)
    }
}

/// How often a field occurs, and whether its absence differs from its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Once; the default value is the same as none.
    Implicit,
    /// Once or not at all.
    Explicit,
    /// Any number of times, written packed or not.
    Repeated { packed: bool },
    /// A map; the field's kind is its entry message.
    Map,
}

/// A field, or an extension.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its number.
    pub(crate) number: u32,
    /// What it holds.
    pub(crate) kind: Kind,
    /// How often.
    pub(crate) label: Label,
    /// The oneof that it is in, by index in the message.
    pub(crate) oneof: Option<u8>,
    /// `,"jsonName":`, to be written as it is.
    key: Box<[u8]>,
    json_name: Box<str>,
    /// The name in the proto file.
    pub(crate) proto_name: Box<str>,
    /// The server sets it; what a client sends in it is ignored.
    pub(crate) output_only: bool,
    /// Printed even when it has its default value.
    pub(crate) always: bool,
}

impl Field {
    /// The name in JSON.
    pub(crate) fn json_name(&self) -> &str {
        &self.json_name
    }

    /// `"jsonName":` with a comma before it unless it is the `first` of its object.
    pub(crate) fn key(&self, first: bool) -> &[u8] {
        &self.key[usize::from(first)..]
    }

    /// Whether the value is one, not a list and not a map.
    pub(crate) fn is_singular(&self) -> bool {
        matches!(self.label, Label::Implicit | Label::Explicit)
    }
}

/// An enum.
#[derive(Debug)]
pub(crate) struct Enumeration {
    /// Its full name.
    pub(crate) name: Box<str>,
    /// `google.protobuf.NullValue`, which is `null` in JSON.
    pub(crate) null: bool,
    /// Numbers without a name are not values of it.
    pub(crate) closed: bool,
    /// Sorted by number; names are quoted. Of aliases the first.
    values: Vec<(i32, Box<str>)>,
    /// Numbers by name, aliases too.
    numbers: HashMap<Box<str>, i32>,
}

impl Enumeration {
    /// The quoted name of the number.
    pub(crate) fn quoted(&self, number: i32) -> Option<&str> {
        // Most enums count from zero, so that a number is its own index.
        let dense = usize::try_from(number).ok().and_then(|at| self.values.get(at)).filter(|value| value.0 == number);
        let value = match dense {
            Some(value) => value,
            None => &self.values[self.values.binary_search_by_key(&number, |value| value.0).ok()?],
        };
        Some(&value.1)
    }

    /// The number of the name.
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.numbers.get(name).copied()
    }
}
