//! The messages that ProtoJSON gives a form of their own.

use std::collections::HashSet;

use super::{Encoder, MAX_DEPTH};
use crate::{
    schema::{Message, Shape},
    transcode::{
        fault::{Fault, Reason, Result},
        json::{Start, too_deep},
        number, time,
        wire::{Length, push_bytes, push_tag, push_varint},
    },
};

/// Field numbers of `google.protobuf.Value`.
mod value {
    pub(super) const NULL: u32 = 1;
    pub(super) const NUMBER: u32 = 2;
    pub(super) const STRING: u32 = 3;
    pub(super) const BOOL: u32 = 4;
    pub(super) const STRUCT: u32 = 5;
    pub(super) const LIST: u32 = 6;
}

impl<'s> Encoder<'s, '_> {
    pub(super) fn well_known(&mut self, message: &'s Message, depth: usize) -> Result {
        match message.shape {
            Shape::Timestamp | Shape::Duration | Shape::FieldMask => {
                if self.json.start()? != Start::String {
                    return Err(Fault::value(format!("expected {}", expected(message.shape))));
                }
                let text = self.json.string()?;
                encode_text(message.shape, &text, &mut self.out)
            }
            Shape::Wrapper => {
                let field = message.fields.first().ok_or_else(|| Fault::value("expected a wrapper"))?;
                self.singular(field, super::Scope::NONE, depth)
            }
            Shape::Struct => self.structure(depth),
            Shape::ListValue => self.list_value(depth),
            Shape::Value => self.any_json(depth),
            Shape::Any => self.any(depth),
            Shape::Plain => Err(Fault::value("expected an object")),
        }
    }

    /// `google.protobuf.Struct`.
    fn structure(&mut self, depth: usize) -> Result {
        if depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        self.open_object("any fields")?;
        let mut keys = HashSet::new();
        let mut first = true;
        while let Some(key) = self.json.member(&mut first)? {
            push_tag(&mut self.out, 1, 2);
            let entry = Length::open(&mut self.out);
            push_tag(&mut self.out, 1, 2);
            push_bytes(&mut self.out, key.as_bytes());
            push_tag(&mut self.out, 2, 2);
            let value = Length::open(&mut self.out);
            self.any_json(depth + 1).map_err(|fault| fault.in_field(&key))?;
            value.close(&mut self.out);
            entry.close(&mut self.out);
            if let Some(twice) = keys.replace(key) {
                return Err(Fault::new(Reason::FieldSetTwice, "given twice").in_field(&twice));
            }
        }
        Ok(())
    }

    /// `google.protobuf.ListValue`.
    fn list_value(&mut self, depth: usize) -> Result {
        if depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        match self.json.start()? {
            Start::Array => self.json.open(b'[')?,
            other => return Err(Fault::value(format!("expected an array, found {}", other.name()))),
        }
        let mut first = true;
        let mut index = 0;
        while self.json.item(&mut first)? {
            push_tag(&mut self.out, 1, 2);
            let value = Length::open(&mut self.out);
            self.any_json(depth + 1).map_err(|fault| fault.in_item(index))?;
            value.close(&mut self.out);
            index += 1;
        }
        Ok(())
    }

    /// `google.protobuf.Value`.
    fn any_json(&mut self, depth: usize) -> Result {
        match self.json.start()? {
            Start::Null => {
                self.json.word("null")?;
                push_tag(&mut self.out, value::NULL, 0);
                self.out.push(0);
            }
            Start::Number => {
                let text = self.json.number()?;
                let number = number::double(text).ok_or_else(|| Fault::value("the number is too large"))?;
                push_tag(&mut self.out, value::NUMBER, 1);
                self.out.extend_from_slice(&number.to_le_bytes());
            }
            Start::String => {
                let text = self.json.string()?;
                push_tag(&mut self.out, value::STRING, 2);
                push_bytes(&mut self.out, text.as_bytes());
            }
            start @ (Start::True | Start::False) => {
                let is_true = start == Start::True;
                self.json.word(if is_true { "true" } else { "false" })?;
                push_tag(&mut self.out, value::BOOL, 0);
                self.out.push(u8::from(is_true));
            }
            Start::Object => {
                push_tag(&mut self.out, value::STRUCT, 2);
                let length = Length::open(&mut self.out);
                self.structure(depth)?;
                length.close(&mut self.out);
            }
            Start::Array => {
                push_tag(&mut self.out, value::LIST, 2);
                let length = Length::open(&mut self.out);
                self.list_value(depth)?;
                length.close(&mut self.out);
            }
        }
        Ok(())
    }
}

/// Encodes the fields of a timestamp, a duration or a field mask from its text.
pub(crate) fn encode_text(shape: Shape, text: &str, out: &mut Vec<u8>) -> Result {
    let wrong = || Fault::value(format!("expected {}", expected(shape)));
    let parts = match shape {
        Shape::Timestamp => time::parse_timestamp(text).ok_or_else(wrong)?,
        Shape::Duration => time::parse_duration(text).ok_or_else(wrong)?,
        _ => {
            for path in text.split(',').filter(|_| !text.is_empty()) {
                push_tag(out, 1, 2);
                push_bytes(out, time::parse_mask_path(path).ok_or_else(wrong)?.as_bytes());
            }
            return Ok(());
        }
    };
    for (number, value) in [(1, parts.seconds), (2, i64::from(parts.nanos))] {
        if value != 0 {
            push_tag(out, number, 0);
            push_varint(out, value.cast_unsigned());
        }
    }
    Ok(())
}

fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Timestamp => "a time such as \"2026-11-20T16:30:00Z\"",
        Shape::Duration => "a duration such as \"1.5s\"",
        Shape::FieldMask => "field paths such as \"title,price.amountMinor\"",
        Shape::Plain | Shape::Wrapper | Shape::Struct | Shape::Value | Shape::ListValue | Shape::Any => "another value",
    }
}
