//! JSON encoded as protobuf in one pass: no message is built in between.
//!
//! Strict where the ProtoJSON specification leaves a choice: unknown names, names given twice (in either spelling),
//! two members of a oneof and anything after the value are refused, with the path to what is wrong.

mod any;
mod map;
pub(crate) mod scalar;
pub(crate) mod scope;
pub(crate) mod well_known;

use super::{
    MAX_DEPTH,
    fault::{Fault, Reason, Result},
    json::{Json, Start, too_deep},
    wire::{Length, push_tag},
};
use crate::schema::{Field, Kind, Label, Message, MessageId, Schema, Shape, Slot};
use scalar::Token;
use scope::{Bits, Scope};

/// Encodes one JSON document.
pub(crate) struct Encoder<'s, 'j> {
    schema: &'s Schema,
    json: Json<'j>,
    out: Vec<u8>,
}

impl<'s, 'j> Encoder<'s, 'j> {
    /// Encodes `json` behind what `out` holds already.
    pub(crate) fn new(schema: &'s Schema, json: Json<'j>, out: Vec<u8>) -> Self {
        Self { schema, json, out }
    }

    /// Encodes the document as a message.
    pub(crate) fn message(mut self, id: MessageId, scope: Scope<'_>) -> Result<Vec<u8>> {
        self.nested(id, scope, 0)?;
        self.finish()
    }

    /// Encodes the document as one field of a message: what a rule's `body` asks for.
    pub(crate) fn field(mut self, id: MessageId, slot: Slot, scope: Scope<'_>) -> Result<Vec<u8>> {
        let field = &self.schema.message(id).fields[slot];
        self.member(field, slot, scope, 0).map_err(|fault| match fault.reason() {
            Reason::MalformedJson => fault,
            _ => fault.in_field(field.json_name()),
        })?;
        self.finish()
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.json.end()?;
        Ok(self.out)
    }

    /// Encodes the fields of a message, without tag and length.
    fn nested(&mut self, id: MessageId, scope: Scope<'_>, depth: usize) -> Result {
        if depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        let message = self.schema.message(id);
        match message.shape {
            Shape::Plain => {
                self.open_object(&message.name)?;
                self.members(message, scope, depth, false)
            }
            _ => self.well_known(message, depth),
        }
    }

    fn open_object(&mut self, what: &str) -> Result {
        match self.json.start()? {
            Start::Object => self.json.open(b'{'),
            other => Err(Fault::value(format!("expected an object of {what}, found {}", other.name()))),
        }
    }

    /// Encodes the members of an open object. In an Any, `@type` is one that is no field.
    fn members(&mut self, message: &'s Message, scope: Scope<'_>, depth: usize, in_any: bool) -> Result {
        let mut seen = Bits::default();
        let mut oneofs = scope.oneofs(message);
        let mut hint = 0;
        let mut first = true;
        while let Some(name) = self.json.member(&mut first)? {
            if in_any && name == "@type" {
                self.json.skip(depth)?;
                continue;
            }
            let Some((slot, field)) = message.by_name(&name, hint) else {
                let what = format!("{} has no such field", message.name);
                return Err(Fault::new(Reason::UnknownField, what).in_field(&name));
            };
            hint = slot + 1;
            if !seen.insert(slot) {
                return Err(Fault::new(Reason::FieldSetTwice, "given twice").in_field(&name));
            }
            if self.json.start().map_err(|fault| fault.in_field(&name))? == Start::Null && !self.takes_null(field) {
                self.json.word("null")?;
                continue;
            }
            if let Some(oneof) = field.oneof
                && !oneofs.insert(usize::from(oneof))
                && !scope.binds(slot)
            {
                let what = "another member of the same oneof is given";
                return Err(Fault::new(Reason::FieldSetTwice, what).in_field(&name));
            }
            self.member(field, slot, scope, depth).map_err(|fault| fault.in_field(field.json_name()))?;
        }
        Ok(())
    }

    /// For most fields `null` is the same as absence. These two have a value for it.
    fn takes_null(&self, field: &Field) -> bool {
        field.is_singular() && self.is_null_value(field.kind)
    }

    fn is_null_value(&self, kind: Kind) -> bool {
        match kind {
            Kind::Message(id) => self.schema.message(id).shape == Shape::Value,
            Kind::Enum(id) => self.schema.enumeration(id).null,
            _ => false,
        }
    }

    /// Encodes the value of a field. A field that the path has bound must have the same value here.
    fn member(&mut self, field: &'s Field, slot: Slot, scope: Scope<'_>, depth: usize) -> Result {
        let start = self.out.len();
        match field.label {
            Label::Map => self.map(field, depth)?,
            Label::Repeated { packed } => self.list(field, packed, depth)?,
            Label::Implicit | Label::Explicit => self.singular(field, scope.enter(slot), depth)?,
        }
        if let Some(bound) = scope.leaf(slot) {
            if self.out[start..] != *bound {
                return Err(Fault::new(Reason::FieldSetTwice, "the path has another value for it"));
            }
            self.out.truncate(start);
        }
        Ok(())
    }

    fn singular(&mut self, field: &'s Field, scope: Scope<'_>, depth: usize) -> Result {
        let start = self.out.len();
        push_tag(&mut self.out, field.number, field.kind.wire_type());
        let value = self.out.len();
        self.value(field.kind, field.number, scope, depth)?;
        // Every default is encoded as zeros, and nothing else is.
        if field.label == Label::Implicit && self.out[value..].iter().all(|byte| *byte == 0) {
            self.out.truncate(start);
        }
        Ok(())
    }

    fn list(&mut self, field: &'s Field, packed: bool, depth: usize) -> Result {
        if depth + 1 >= MAX_DEPTH {
            return Err(too_deep());
        }
        match self.json.start()? {
            Start::Array => self.json.open(b'[')?,
            Start::Null => return self.json.word("null"),
            other => return Err(Fault::value(format!("expected an array, found {}", other.name()))),
        }
        let start = self.out.len();
        let packed = packed.then(|| {
            push_tag(&mut self.out, field.number, 2);
            Length::open(&mut self.out)
        });
        let items = self.items(field, packed.is_some(), depth)?;
        match packed {
            Some(_) if items == 0 => self.out.truncate(start),
            Some(length) => drop(length.close(&mut self.out)),
            None => {}
        }
        Ok(())
    }

    fn items(&mut self, field: &'s Field, packed: bool, depth: usize) -> Result<usize> {
        let mut first = true;
        let mut index = 0;
        while self.json.item(&mut first)? {
            if self.json.start()? == Start::Null && !self.is_null_value(field.kind) {
                return Err(Fault::value("an item cannot be null").in_item(index));
            }
            if !packed {
                push_tag(&mut self.out, field.number, field.kind.wire_type());
            }
            self.value(field.kind, field.number, Scope::NONE, depth + 1).map_err(|fault| fault.in_item(index))?;
            index += 1;
        }
        Ok(index)
    }

    /// Encodes one value, without its tag.
    fn value(&mut self, kind: Kind, number: u32, scope: Scope<'_>, depth: usize) -> Result {
        match kind {
            Kind::Message(id) => {
                let length = Length::open(&mut self.out);
                self.nested(id, scope, depth + 1)?;
                length.close(&mut self.out);
                Ok(())
            }
            Kind::Group(id) => {
                self.nested(id, scope, depth + 1)?;
                push_tag(&mut self.out, number, 4);
                Ok(())
            }
            _ => self.scalar(kind),
        }
    }

    fn scalar(&mut self, kind: Kind) -> Result {
        match self.json.start()? {
            Start::Number => {
                let number = self.json.number()?;
                scalar::encode(self.schema, kind, Token::Number(number), &mut self.out)
            }
            Start::String => {
                let text = self.json.string()?;
                scalar::encode(self.schema, kind, Token::Text(&text), &mut self.out)
            }
            Start::True => {
                self.json.word("true")?;
                scalar::encode(self.schema, kind, Token::Bool(true), &mut self.out)
            }
            Start::False => {
                self.json.word("false")?;
                scalar::encode(self.schema, kind, Token::Bool(false), &mut self.out)
            }
            Start::Null if self.is_null_value(kind) => {
                self.json.word("null")?;
                self.out.push(0);
                Ok(())
            }
            other => Err(Fault::value(format!("expected {}, found {}", scalar::expected(kind), other.name()))),
        }
    }
}
