//! `google.protobuf.Any`: the message it holds, with its type.

use super::{
    Error, Printer, Result,
    well_known::{any_parts, open_any},
};
use crate::{schema::Shape, transcode::text};

impl Printer<'_> {
    pub(super) fn any(&self, wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result {
        let (type_url, value) = any_parts(wire)?;
        if type_url.is_empty() && value.is_empty() {
            out.extend_from_slice(b"{}");
            return Ok(());
        }
        let Some(id) = self.schema.find_any(type_url) else { return self.unknown(type_url, value, out) };
        let message = self.schema.message(id);
        open_any(out, type_url);
        if message.shape == Shape::Plain {
            if depth + 1 >= super::MAX_DEPTH {
                return Err(Error::TooDeep);
            }
            self.fields(message, value, out, false, depth + 1)?;
        } else {
            out.extend_from_slice(b",\"value\":");
            self.nested(id, value, out, depth + 1)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn unknown(&self, type_url: &str, value: &[u8], out: &mut Vec<u8>) -> Result {
        if !self.opaque_any {
            return Err(Error::UnknownType(type_url.to_owned()));
        }
        open_any(out, type_url);
        out.extend_from_slice(b",\"value\":");
        text::push_base64(out, value);
        out.push(b'}');
        Ok(())
    }
}
