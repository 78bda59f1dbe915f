//! Encoded messages printed as JSON, without decoding them into anything in between.
//!
//! What every generator writes, fields in the order of their numbers and singular ones once, is printed in one
//! pass. The first record that breaks this order sends that message, and no other, through [`merge`], which sorts
//! its records first: an upstream that repeats or interleaves fields still gets each key printed once.

mod any;
mod map;
mod merge;
mod well_known;

use super::{
    MAX_DEPTH, text,
    time::OutOfRange,
    wire::{self, Malformed, Payload, Reader},
};
use crate::schema::{Field, Kind, Label, Message, MessageId, Schema, Shape, Slot};

/// Why a message cannot be printed. Always the fault of who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// No protobuf message, or text that is not UTF-8.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A timestamp, duration or field mask that JSON cannot say.
    #[error("a timestamp, duration or field mask is out of range")]
    OutOfRange(#[from] OutOfRange),
    /// Messages in messages without end.
    #[error("messages are nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// A `google.protobuf.Value` that holds nothing, or a number that JSON has no number for.
    #[error("a google.protobuf.Value has no JSON form")]
    NoValue,
    /// An Any of a type that the descriptors do not know.
    #[error("the type {0:?} of an Any is not known")]
    UnknownType(String),
}

type Result<T = ()> = std::result::Result<T, Error>;

/// Prints messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer<'s> {
    schema: &'s Schema,
    /// Print an Any of an unknown type as its bytes instead of failing.
    opaque_any: bool,
}

impl<'s> Printer<'s> {
    /// A printer of messages.
    pub(crate) fn new(schema: &'s Schema) -> Self {
        Self { schema, opaque_any: false }
    }

    /// A printer of error details, which prints an Any of an unknown type as its bytes.
    pub(crate) fn of_details(schema: &'s Schema) -> Self {
        Self { schema, opaque_any: true }
    }

    /// Prints a message.
    pub(crate) fn message(&self, id: MessageId, wire: &[u8], out: &mut Vec<u8>) -> Result {
        self.nested(id, wire, out, 0)
    }

    /// Prints one field of a message as if it were the whole: what `response_body` asks for.
    pub(crate) fn field(&self, id: MessageId, slot: Slot, wire: &[u8], out: &mut Vec<u8>) -> Result {
        let message = self.schema.message(id);
        let start = out.len();
        let records = merge::sorted(message, wire)?;
        let of_field = records.iter().filter(|record| record.slot == slot).copied();
        self.grouped(message, of_field, out, true, 0)?;
        let field = &message.fields[slot];
        let printed = start + field.key(true).len();
        if out.len() >= printed {
            out.drain(start..printed);
        } else {
            out.extend_from_slice(self.absent(field));
        }
        Ok(())
    }

    fn absent(&self, field: &Field) -> &'s [u8] {
        match (field.label, field.kind) {
            (Label::Repeated { .. }, _) => b"[]",
            (Label::Map, _) => b"{}",
            (_, Kind::Message(id) | Kind::Group(id)) if self.schema.message(id).shape == Shape::Plain => b"{}",
            (_, Kind::Message(_) | Kind::Group(_)) => b"null",
            (_, Kind::String | Kind::Bytes) => b"\"\"",
            (_, Kind::Bool) => b"false",
            (_, Kind::Enum(id)) => self.schema.enumeration(id).quoted(0).map_or(b"0", str::as_bytes),
            (_, Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64) => b"\"0\"",
            _ => b"0",
        }
    }

    fn nested(&self, id: MessageId, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        if depth >= MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        let message = self.schema.message(id);
        if message.shape != Shape::Plain {
            return self.well_known(message, wire, out, depth);
        }
        out.push(b'{');
        self.fields(message, wire, out, true, depth)?;
        out.push(b'}');
        Ok(())
    }

    /// Prints the fields of a message into an open object.
    fn fields(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, first: bool, depth: usize) -> Result {
        let start = out.len();
        if !self.ascending(message, wire, out, first, depth)? {
            out.truncate(start);
            let records = merge::sorted(message, wire)?;
            self.grouped(message, records.into_iter(), out, first, depth)?;
        }
        if message.always.is_empty() {
            return Ok(());
        }
        let first = first && out.len() == start;
        self.missing(message, wire, out, first)
    }

    /// Prints the default values of fields that are always printed and did not come.
    fn missing(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, mut first: bool) -> Result {
        let mut came = vec![false; message.fields.len()];
        let mut reader = Reader::new(wire);
        while let Some((number, wire_type, _)) = reader.record()? {
            if let Some((slot, field)) = message.by_number(number) {
                came[slot] |= accepts(field, wire_type);
            }
        }
        for slot in message.always.iter().copied().filter(|slot| !came[*slot]) {
            let field = &message.fields[slot];
            out.extend_from_slice(field.key(first));
            out.extend_from_slice(self.absent(field));
            first = false;
        }
        Ok(())
    }

    /// Prints fields as they come. `false` as soon as they do not ascend.
    fn ascending(
        &self,
        message: &Message,
        wire: &[u8],
        out: &mut Vec<u8>,
        mut first: bool,
        depth: usize,
    ) -> Result<bool> {
        let mut reader = Reader::new(wire);
        let mut last = 0;
        let mut oneofs = 0_u64;
        while let Some((number, wire_type, payload)) = reader.record()? {
            let Some((_, field)) = message.by_number(number) else { continue };
            if !accepts(field, wire_type) {
                continue;
            }
            if number <= last {
                return Ok(false);
            }
            last = number;
            if let Some(oneof) = field.oneof {
                let bit = 1_u64.checked_shl(u32::from(oneof)).unwrap_or(u64::MAX);
                if oneofs & bit != 0 {
                    return Ok(false);
                }
                oneofs |= bit;
            }
            let printed = match field.label {
                Label::Implicit | Label::Explicit => self.singular(field, payload, out, first, depth)?,
                Label::Repeated { .. } | Label::Map => {
                    let run = Run { reader: &mut reader, field, next: Some((wire_type, payload)) };
                    self.plural(field, run, out, first, depth)?
                }
            };
            first &= !printed;
        }
        Ok(true)
    }

    /// Prints `"key":value`. `false` if there is nothing to print.
    fn singular(
        &self,
        field: &Field,
        payload: Payload<'_>,
        out: &mut Vec<u8>,
        first: bool,
        depth: usize,
    ) -> Result<bool> {
        let left_out = field.label == Label::Implicit && !field.always && is_default(field.kind, payload);
        if left_out || self.is_unnamed(field.kind, payload) {
            return Ok(false);
        }
        out.extend_from_slice(field.key(first));
        self.value(field.kind, payload, out, depth)?;
        Ok(true)
    }

    /// Prints `"key":[…]` or `"key":{…}`. `false` if there is nothing to print.
    fn plural<'a>(
        &self,
        field: &Field,
        records: impl Iterator<Item = Result<(u8, Payload<'a>)>>,
        out: &mut Vec<u8>,
        first: bool,
        depth: usize,
    ) -> Result<bool> {
        let start = out.len();
        out.extend_from_slice(field.key(first));
        let printed = match field.label {
            Label::Map => self.map(field, records, out, depth)?,
            _ => self.list(field.kind, records, out, depth)?,
        };
        if !printed {
            out.truncate(start);
        }
        Ok(printed)
    }

    /// Prints `[…]`. `false` if there are no items.
    fn list<'a>(
        &self,
        kind: Kind,
        records: impl Iterator<Item = Result<(u8, Payload<'a>)>>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<bool> {
        let start = out.len();
        for record in records {
            let (wire_type, payload) = record?;
            match payload {
                Payload::Bytes(packed) if wire_type == 2 && kind.is_packable() => {
                    let mut reader = Reader::new(packed);
                    while !reader.is_empty() {
                        let item = reader.payload(0, kind.wire_type())?;
                        self.item(kind, item, out, start, depth)?;
                    }
                }
                item => self.item(kind, item, out, start, depth)?,
            }
        }
        if out.len() == start {
            return Ok(false);
        }
        out.push(b']');
        Ok(true)
    }

    fn item(&self, kind: Kind, item: Payload<'_>, out: &mut Vec<u8>, start: usize, depth: usize) -> Result {
        if self.is_unnamed(kind, item) {
            return Ok(());
        }
        out.push(if out.len() == start { b'[' } else { b',' });
        self.value(kind, item, out, depth)
    }

    /// A number that a closed enum has no name for is an unknown field.
    fn is_unnamed(&self, kind: Kind, payload: Payload<'_>) -> bool {
        match (kind, payload) {
            (Kind::Enum(id), Payload::Varint(number)) => {
                let enumeration = self.schema.enumeration(id);
                enumeration.closed && enumeration.quoted(number as i32).is_none()
            }
            _ => false,
        }
    }

    /// Prints one value. Its wire type has been checked.
    fn value(&self, kind: Kind, payload: Payload<'_>, out: &mut Vec<u8>, depth: usize) -> Result {
        match payload {
            Payload::Varint(value) => match kind {
                Kind::Bool => out.extend_from_slice(if value == 0 { b"false" } else { b"true" }),
                Kind::Enum(id) => self.enumerated(id, value as i32, out),
                Kind::Int32 => text::push_integer(out, value as i32),
                Kind::Uint32 => text::push_integer(out, value as u32),
                Kind::Sint32 => text::push_integer(out, wire::unzigzag(u64::from(value as u32)) as i32),
                Kind::Int64 => quoted(out, value.cast_signed()),
                Kind::Sint64 => quoted(out, wire::unzigzag(value)),
                _ => quoted(out, value),
            },
            Payload::Fixed32(value) => match kind {
                Kind::Float => text::push_single(out, f32::from_bits(value)),
                Kind::Sfixed32 => text::push_integer(out, value.cast_signed()),
                _ => text::push_integer(out, value),
            },
            Payload::Fixed64(value) => match kind {
                Kind::Double => text::push_double(out, f64::from_bits(value)),
                Kind::Sfixed64 => quoted(out, value.cast_signed()),
                _ => quoted(out, value),
            },
            Payload::Bytes(bytes) => match kind {
                Kind::String => text::push_utf8(out, bytes)?,
                Kind::Message(id) | Kind::Group(id) => self.nested(id, bytes, out, depth + 1)?,
                _ => text::push_base64(out, bytes),
            },
        }
        Ok(())
    }

    fn enumerated(&self, id: crate::schema::EnumId, number: i32, out: &mut Vec<u8>) {
        let enumeration = self.schema.enumeration(id);
        match enumeration.quoted(number) {
            _ if enumeration.null => out.extend_from_slice(b"null"),
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => text::push_integer(out, number),
        }
    }
}

fn quoted(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.push(b'"');
    text::push_integer(out, value);
    out.push(b'"');
}

/// Whether a record of this wire type belongs to the field; others are unknown fields.
fn accepts(field: &Field, wire_type: u8) -> bool {
    let packed = wire_type == 2 && matches!(field.label, Label::Repeated { .. }) && field.kind.is_packable();
    wire_type == field.kind.wire_type() || packed
}

fn is_default(kind: Kind, payload: Payload<'_>) -> bool {
    match payload {
        Payload::Varint(value) => match kind {
            Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Enum(_) => value as u32 == 0,
            _ => value == 0,
        },
        Payload::Fixed32(value) => value == 0,
        Payload::Fixed64(value) => value == 0,
        Payload::Bytes(bytes) => bytes.is_empty(),
    }
}

/// Records of one field that follow each other.
struct Run<'r, 'a> {
    reader: &'r mut Reader<'a>,
    field: &'r Field,
    next: Option<(u8, Payload<'a>)>,
}

impl<'a> Iterator for Run<'_, 'a> {
    type Item = Result<(u8, Payload<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(next) = self.next.take() {
            return Some(Ok(next));
        }
        let mut ahead = *self.reader;
        let (number, wire_type) = match ahead.tag() {
            Ok(tag) => {
                tag.filter(|(number, wire_type)| *number == self.field.number && accepts(self.field, *wire_type))?
            }
            Err(error) => return Some(Err(error.into())),
        };
        let payload = ahead.payload(number, wire_type);
        *self.reader = ahead;
        Some(payload.map(|payload| (wire_type, payload)).map_err(Error::from))
    }
}
