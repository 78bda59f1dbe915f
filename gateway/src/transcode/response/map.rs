//! Maps as JSON objects. A key that occurs twice on the wire is printed once, with the value that came last.

use super::{Printer, Result, accepts, is_default, merge};
use crate::{
    schema::{Field, Kind, Message},
    transcode::{
        text,
        wire::{Malformed, Payload, Reader},
    },
};

/// An entry as it is printed.
struct Entry<'a> {
    key: Key<'a>,
    value: Value<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text(&'a [u8]),
}

enum Value<'a> {
    /// Absent: the default.
    Missing,
    One(Payload<'a>),
    /// A message in several records.
    Merged(Vec<u8>),
}

impl Printer<'_> {
    /// Prints `{…}`. `false` if there are no entries.
    pub(super) fn map<'a>(
        &self,
        field: &Field,
        records: impl Iterator<Item = Result<(u8, Payload<'a>)>>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<bool> {
        let Some(id) = field.kind.message() else { return Ok(false) };
        let message = self.schema.message(id);
        let [key_field, value_field] = message.fields.as_slice() else { return Ok(false) };
        let mut entries = Vec::new();
        for record in records {
            let (_, Payload::Bytes(bytes)) = record? else { continue };
            let entry = entry(message, key_field, value_field, bytes)?;
            if !matches!(entry.value, Value::One(payload) if self.is_unnamed(value_field.kind, payload)) {
                entries.push(entry);
            }
        }
        if !entries.is_sorted_by(|one, other| one.key < other.key) {
            entries.reverse();
            entries.sort_by_key(|entry| entry.key);
            entries.dedup_by_key(|entry| entry.key);
        }
        for (at, entry) in entries.iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            entry.key.print(out)?;
            out.push(b':');
            self.entry_value(value_field.kind, &entry.value, out, depth)?;
        }
        if !entries.is_empty() {
            out.push(b'}');
        }
        Ok(!entries.is_empty())
    }

    fn entry_value(&self, kind: Kind, value: &Value<'_>, out: &mut Vec<u8>, depth: usize) -> Result {
        match value {
            Value::One(payload) => self.value(kind, *payload, out, depth),
            Value::Merged(bytes) => self.value(kind, Payload::Bytes(bytes), out, depth),
            Value::Missing => {
                let zero = match kind.wire_type() {
                    0 => Payload::Varint(0),
                    1 => Payload::Fixed64(0),
                    5 => Payload::Fixed32(0),
                    _ => Payload::Bytes(&[]),
                };
                debug_assert!(is_default(kind, zero), "a default value");
                self.value(kind, zero, out, depth)
            }
        }
    }
}

impl Key<'_> {
    fn print(self, out: &mut Vec<u8>) -> Result {
        if let Self::Text(bytes) = self {
            return Ok(text::push_utf8(out, bytes)?);
        }
        out.push(b'"');
        match self {
            Self::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Self::Signed(value) => text::push_integer(out, value),
            Self::Unsigned(value) => text::push_integer(out, value),
            Self::Text(_) => {}
        }
        out.push(b'"');
        Ok(())
    }
}

fn entry<'a>(
    message: &Message,
    key_field: &Field,
    value_field: &Field,
    bytes: &'a [u8],
) -> std::result::Result<Entry<'a>, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut key = None;
    let mut value = Value::Missing;
    while let Some((number, wire_type, payload)) = reader.record()? {
        let Some((_, field)) = message.by_number(number) else { continue };
        if !accepts(field, wire_type) {
            continue;
        }
        if number == key_field.number {
            key = Some(payload);
            continue;
        }
        value = match (value, value_field.kind.message()) {
            (Value::One(before), Some(_)) => Value::Merged(merge::concatenated([before, payload].into_iter())),
            (Value::Merged(before), Some(_)) => {
                Value::Merged(merge::concatenated([Payload::Bytes(&before), payload].into_iter()))
            }
            _ => Value::One(payload),
        };
    }
    Ok(Entry { key: key_of(key_field.kind, key), value })
}

fn key_of(kind: Kind, payload: Option<Payload<'_>>) -> Key<'_> {
    let number = match payload {
        Some(Payload::Varint(value) | Payload::Fixed64(value)) => value,
        Some(Payload::Fixed32(value)) => u64::from(value),
        Some(Payload::Bytes(_)) | None => 0,
    };
    match (kind, payload) {
        (Kind::String, Some(Payload::Bytes(text))) => Key::Text(text),
        (Kind::String, _) => Key::Text(&[]),
        (Kind::Bool, _) => Key::Bool(number != 0),
        (Kind::Int32 | Kind::Sfixed32, _) => Key::Signed(i64::from(number as i32)),
        (Kind::Sint32, _) => Key::Signed(crate::transcode::wire::unzigzag(u64::from(number as u32))),
        (Kind::Int64 | Kind::Sfixed64, _) => Key::Signed(number.cast_signed()),
        (Kind::Sint64, _) => Key::Signed(crate::transcode::wire::unzigzag(number)),
        (Kind::Uint32, _) => Key::Unsigned(u64::from(number as u32)),
        _ => Key::Unsigned(number),
    }
}
