//! Messages whose records are out of order or repeat: the records sorted, then printed.

use super::{Printer, Result, accepts};
use crate::{
    schema::{Message, Slot},
    transcode::wire::{Malformed, Payload, Reader},
};

/// A record of a known field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) slot: Slot,
    wire_type: u8,
    payload: Payload<'a>,
}

/// The records of a message by field, in their order within a field. Of a oneof only the member set last is left.
pub(super) fn sorted<'a>(message: &Message, wire: &'a [u8]) -> std::result::Result<Vec<Record<'a>>, Malformed> {
    let mut reader = Reader::new(wire);
    let mut records = Vec::new();
    // By oneof: its member set last, and the record from which on that member was set.
    let mut members: Vec<Option<(Slot, usize)>> = Vec::new();
    while let Some((number, wire_type, payload)) = reader.record()? {
        let Some((slot, field)) = message.by_number(number) else { continue };
        if !accepts(field, wire_type) {
            continue;
        }
        if let Some(oneof) = field.oneof.map(usize::from) {
            members.resize(members.len().max(oneof + 1), None);
            if members[oneof].is_none_or(|(member, _)| member != slot) {
                members[oneof] = Some((slot, records.len()));
            }
        }
        records.push(Record { slot, wire_type, payload });
    }
    let mut at = 0;
    records.retain(|record| {
        let since = message.fields[record.slot].oneof.and_then(|oneof| members[usize::from(oneof)]);
        at += 1;
        since.is_none_or(|(_, since)| since < at)
    });
    records.sort_by_key(|record| record.slot);
    Ok(records)
}

impl Printer<'_> {
    /// Prints sorted records into an open object.
    pub(super) fn grouped<'a>(
        &self,
        message: &Message,
        records: impl Iterator<Item = Record<'a>>,
        out: &mut Vec<u8>,
        mut first: bool,
        depth: usize,
    ) -> Result {
        let records: Vec<_> = records.collect();
        for group in records.chunk_by(|one, other| one.slot == other.slot) {
            let field = &message.fields[group[0].slot];
            let printed = if field.is_singular() {
                match (group, field.kind.message()) {
                    // Encodings of one message put behind each other are the encoding of both merged.
                    ([_, _, ..], Some(_)) => {
                        let merged = concatenated(group.iter().map(|record| record.payload));
                        self.singular(field, Payload::Bytes(&merged), out, first, depth)?
                    }
                    _ => self.singular(field, group[group.len() - 1].payload, out, first, depth)?,
                }
            } else {
                let records = group.iter().map(|record| Ok((record.wire_type, record.payload)));
                self.plural(field, records, out, first, depth)?
            };
            first &= !printed;
        }
        Ok(())
    }
}

/// The bytes of several payloads, one behind the other.
pub(super) fn concatenated<'a>(payloads: impl Iterator<Item = Payload<'a>>) -> Vec<u8> {
    let mut merged = Vec::new();
    for payload in payloads {
        if let Payload::Bytes(bytes) = payload {
            merged.extend_from_slice(bytes);
        }
    }
    merged
}
