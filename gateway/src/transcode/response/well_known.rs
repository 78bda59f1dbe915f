//! The messages that ProtoJSON gives a form of their own.

use super::{Error, Printer, Result, merge};
use crate::{
    schema::{Message, Shape},
    transcode::{
        text,
        time::{self, Parts},
        wire::{Malformed, Payload, Reader},
    },
};

impl Printer<'_> {
    pub(super) fn well_known(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        match message.shape {
            Shape::Timestamp => Ok(time::push_timestamp(out, parts(wire)?)?),
            Shape::Duration => Ok(time::push_duration(out, parts(wire)?)?),
            Shape::FieldMask => field_mask(wire, out),
            Shape::Wrapper => self.wrapper(message, wire, out, depth),
            Shape::Struct => self.structure(message, wire, out, depth),
            Shape::ListValue => self.list_value(message, wire, out, depth),
            Shape::Value => self.any_json(message, wire, out, depth),
            Shape::Any => self.any(wire, out, depth),
            Shape::Plain => Err(Error::Malformed(Malformed)),
        }
    }

    fn wrapper(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        let Some(field) = message.fields.first() else { return Err(Malformed.into()) };
        let mut last = None;
        for record in records(wire, field.number, field.kind.wire_type()) {
            last = Some(record?.1);
        }
        match last {
            Some(payload) => self.value(field.kind, payload, out, depth),
            None => {
                out.extend_from_slice(self.absent(field));
                Ok(())
            }
        }
    }

    fn structure(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        let Some(field) = message.fields.first() else { return Err(Malformed.into()) };
        if !self.map(field, records(wire, field.number, 2), out, depth)? {
            out.extend_from_slice(b"{}");
        }
        Ok(())
    }

    fn list_value(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        let Some(field) = message.fields.first() else { return Err(Malformed.into()) };
        if !self.list(field.kind, records(wire, field.number, 2), out, depth)? {
            out.extend_from_slice(b"[]");
        }
        Ok(())
    }

    /// `google.protobuf.Value`: the member of its oneof that was set last.
    fn any_json(&self, message: &Message, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        let records = merge::sorted(message, wire)?;
        let Some(slot) = records.first().map(|record| record.slot) else { return Err(Error::NoValue) };
        let field = &message.fields[slot];
        let start = out.len();
        self.grouped(message, records.into_iter(), out, true, depth)?;
        out.drain(start..start + field.key(true).len());
        // Numbers that JSON has only as text would come back as text.
        let is_quoted_number = field.kind == crate::schema::Kind::Double && out.get(start) == Some(&b'"');
        if is_quoted_number { Err(Error::NoValue) } else { Ok(()) }
    }
}

fn parts(wire: &[u8]) -> Result<Parts> {
    let mut reader = Reader::new(wire);
    let mut parts = Parts::default();
    while let Some((number, _, payload)) = reader.record()? {
        match (number, payload) {
            (1, Payload::Varint(value)) => parts.seconds = value.cast_signed(),
            (2, Payload::Varint(value)) => parts.nanos = value as i32,
            _ => {}
        }
    }
    Ok(parts)
}

fn field_mask(wire: &[u8], out: &mut Vec<u8>) -> Result {
    out.push(b'"');
    let start = out.len();
    for record in records(wire, 1, 2) {
        let (_, Payload::Bytes(path)) = record? else { continue };
        if out.len() > start {
            out.push(b',');
        }
        time::push_mask_path(out, path)?;
    }
    out.push(b'"');
    Ok(())
}

/// The records of one field.
fn records(wire: &[u8], wanted: u32, wanted_type: u8) -> impl Iterator<Item = Result<(u8, Payload<'_>)>> {
    let mut reader = Reader::new(wire);
    std::iter::from_fn(move || {
        loop {
            match reader.record() {
                Ok(Some((number, wire_type, payload))) if number == wanted && wire_type == wanted_type => {
                    return Some(Ok((wire_type, payload)));
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error.into())),
            }
        }
    })
}

/// The type and the value of an Any.
pub(super) fn any_parts(wire: &[u8]) -> Result<(&str, &[u8])> {
    let mut reader = Reader::new(wire);
    let (mut type_url, mut value): (&[u8], &[u8]) = (&[], &[]);
    while let Some((number, wire_type, payload)) = reader.record()? {
        match (number, wire_type, payload) {
            (1, 2, Payload::Bytes(bytes)) => type_url = bytes,
            (2, 2, Payload::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((str::from_utf8(type_url).map_err(|_| Malformed)?, value))
}

/// Writes `{"@type":"…"` and leaves the object open.
pub(super) fn open_any(out: &mut Vec<u8>, type_url: &str) {
    out.extend_from_slice(b"{\"@type\":");
    text::push_string(out, type_url);
}
