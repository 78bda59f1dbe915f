//! `google.protobuf.Any`: an object that names its type, anywhere among its members.

use super::{Encoder, Scope};
use crate::{
    schema::Shape,
    transcode::{
        fault::{Fault, Reason, Result},
        json::Start,
        wire::{Length, push_bytes, push_tag},
    },
};

impl Encoder<'_, '_> {
    pub(super) fn any(&mut self, depth: usize) -> Result {
        let Some(type_url) = self.type_url(depth)? else { return self.json.skip(depth) };
        let Some(id) = self.schema.find_any(&type_url) else {
            return Err(Fault::value("the type is not known").in_field("@type"));
        };
        let message = self.schema.message(id);
        push_tag(&mut self.out, 1, 2);
        push_bytes(&mut self.out, type_url.as_bytes());
        push_tag(&mut self.out, 2, 2);
        let length = Length::open(&mut self.out);
        self.json.open(b'{')?;
        if message.shape == Shape::Plain {
            self.members(message, Scope::NONE, depth, true)?;
        } else {
            self.value_member(id, depth)?;
        }
        length.close(&mut self.out);
        Ok(())
    }

    /// Looks ahead for the type. `None` for an empty object, which is an Any that holds nothing.
    fn type_url(&mut self, depth: usize) -> Result<Option<String>> {
        if self.json.start()? != Start::Object {
            return Err(Fault::value("expected an object with its @type"));
        }
        let mut ahead = self.json.clone();
        ahead.open(b'{')?;
        let mut first = true;
        let mut members = 0;
        let mut type_url = None;
        while let Some(name) = ahead.member(&mut first)? {
            members += 1;
            if name != "@type" {
                ahead.skip(depth + 1)?;
            } else if type_url.is_some() {
                return Err(Fault::new(Reason::FieldSetTwice, "given twice").in_field("@type"));
            } else if ahead.start()? == Start::String {
                type_url = Some(ahead.string()?.into_owned());
            } else {
                return Err(Fault::value("expected a string").in_field("@type"));
            }
        }
        match type_url {
            None if members > 0 => Err(Fault::value("an Any needs its @type")),
            type_url => Ok(type_url),
        }
    }

    /// Reads the members of an open object that holds a well-known type: `@type` and `value`.
    fn value_member(&mut self, id: crate::schema::MessageId, depth: usize) -> Result {
        let mut first = true;
        let mut found = false;
        while let Some(name) = self.json.member(&mut first)? {
            match name.as_ref() {
                "@type" => self.json.skip(depth)?,
                "value" if found => return Err(Fault::new(Reason::FieldSetTwice, "given twice").in_field("value")),
                "value" => {
                    found = true;
                    self.nested(id, Scope::NONE, depth + 1).map_err(|fault| fault.in_field("value"))?;
                }
                _ => return Err(Fault::new(Reason::UnknownField, "only @type and value stand here").in_field(&name)),
            }
        }
        if found { Ok(()) } else { Err(Fault::value("an Any of this type needs its value")) }
    }
}
