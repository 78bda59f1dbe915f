//! JSON objects as maps.

use std::collections::HashSet;

use super::{Encoder, MAX_DEPTH, Scope, scalar};
use crate::{
    schema::Field,
    transcode::{
        fault::{Fault, Reason, Result},
        json::{Start, too_deep},
        wire::{Length, push_tag},
    },
};

impl<'s> Encoder<'s, '_> {
    /// Encodes the entries of a map. Keys are told apart by value, so `"1"` and `"1e0"` are one key.
    pub(super) fn map(&mut self, field: &'s Field, depth: usize) -> Result {
        if depth + 1 >= MAX_DEPTH {
            return Err(too_deep());
        }
        let entry = self.schema.message(field.kind.message().expect("the kind of a map is its entry"));
        let [key_field, value_field] = entry.fields.as_slice() else { return Err(Fault::value("expected a map")) };
        match self.json.start()? {
            Start::Object => self.json.open(b'{')?,
            Start::Null => return self.json.word("null"),
            other => return Err(Fault::value(format!("expected an object, found {}", other.name()))),
        }
        let mut keys = HashSet::new();
        let mut first = true;
        while let Some(key) = self.json.member(&mut first)? {
            push_tag(&mut self.out, field.number, 2);
            let length = Length::open(&mut self.out);
            let start = self.out.len();
            push_tag(&mut self.out, key_field.number, key_field.kind.wire_type());
            scalar::encode_key(self.schema, key_field.kind, &key, &mut self.out).map_err(|fault| fault.in_key(&key))?;
            if !keys.insert(self.out[start..].to_vec()) {
                return Err(Fault::new(Reason::FieldSetTwice, "the key is given twice").in_key(&key));
            }
            if self.json.start()? == Start::Null && !self.is_null_value(value_field.kind) {
                return Err(Fault::value("the value of a map cannot be null").in_key(&key));
            }
            push_tag(&mut self.out, value_field.number, value_field.kind.wire_type());
            self.value(value_field.kind, value_field.number, Scope::NONE, depth + 1)
                .map_err(|fault| fault.in_key(&key))?;
            length.close(&mut self.out);
        }
        Ok(())
    }
}
