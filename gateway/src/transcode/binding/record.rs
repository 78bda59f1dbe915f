//! Single fields as records: a tag and a value.

use std::borrow::Cow;

use crate::{
    schema::{Field, Kind, Label, MessageId, Schema, Shape, Slot},
    transcode::{
        fault::{Fault, Result},
        json::Json,
        request::{
            Encoder,
            scalar::{self, Token},
            scope::Scope,
            well_known,
        },
        wire::{push_bytes, push_tag},
    },
};

/// The record of a field that lies in messages of the request.
#[derive(Debug)]
pub(super) struct Record<'r>(Cow<'r, [u8]>);

impl<'r> Record<'r> {
    /// Puts the messages on the way to the field around its record. A default stays nothing.
    pub(super) fn nested(schema: &Schema, input: MessageId, path: &[Slot], record: &'r [u8]) -> Self {
        if record.is_empty() || path.len() < 2 {
            return Self(Cow::Borrowed(record));
        }
        let mut whole = record.to_vec();
        for end in (1..path.len()).rev() {
            let field = super::field_at(schema, input, &path[..end]);
            let mut outer = Vec::with_capacity(whole.len() + 8);
            push_tag(&mut outer, field.number, field.kind.wire_type());
            match field.kind {
                Kind::Group(_) => {
                    outer.extend_from_slice(&whole);
                    push_tag(&mut outer, field.number, 4);
                }
                _ => push_bytes(&mut outer, &whole),
            }
            whole = outer;
        }
        Self(Cow::Owned(whole))
    }

    /// Appends the record.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// The record of a field with the value in `text`. Nothing where the value is the same as absence.
pub(super) fn singular(schema: &Schema, field: &Field, text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 4);
    push_tag(&mut out, field.number, field.kind.wire_type());
    let value = out.len();
    encode(schema, field.kind, text, &mut out)?;
    // Every default is encoded as zeros, and nothing else is.
    if field.label == Label::Implicit && out[value..].iter().all(|byte| *byte == 0) {
        out.clear();
    }
    Ok(out)
}

/// The record of one item of a list. Readers take items one by one even where a list is declared packed.
pub(super) fn item(schema: &Schema, field: &Field, text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 4);
    push_tag(&mut out, field.number, field.kind.wire_type());
    encode(schema, field.kind, text, &mut out)?;
    Ok(out)
}

/// The record of one entry of a map.
pub(super) fn entry(schema: &Schema, field: &Field, key: &str, text: &str) -> Result<Vec<u8>> {
    let message = schema.message(field.kind.message().expect("the kind of a map is its entry"));
    let [key_field, value_field] = message.fields.as_slice() else { return Err(Fault::value("expected a map")) };
    let mut content = item(schema, key_field, key)?;
    content.extend(item(schema, value_field, text)?);
    let mut out = Vec::with_capacity(content.len() + 4);
    push_tag(&mut out, field.number, 2);
    push_bytes(&mut out, &content);
    Ok(out)
}

fn encode(schema: &Schema, kind: Kind, text: &str, out: &mut Vec<u8>) -> Result {
    let Kind::Message(id) = kind else { return scalar::encode(schema, kind, Token::Plain(text), out) };
    let message = schema.message(id);
    let mut content = Vec::new();
    match message.shape {
        Shape::Timestamp | Shape::Duration | Shape::FieldMask => {
            well_known::encode_text(message.shape, text, &mut content)?
        }
        Shape::Wrapper => {
            let field = message.fields.first().ok_or_else(|| Fault::value("expected a wrapper"))?;
            content = singular(schema, field, text)?;
        }
        Shape::Struct | Shape::Value | Shape::ListValue => {
            content = Encoder::new(schema, Json::new(text), content).message(id, Scope::NONE)?;
        }
        Shape::Plain | Shape::Any => return Err(Fault::value("a message cannot be a parameter; name its fields")),
    }
    push_bytes(out, &content);
    Ok(())
}
