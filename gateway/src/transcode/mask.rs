//! The field mask that a PATCH means when it gives none: the fields that its body names (AIP-134).

use super::{
    fault::Result,
    json::{Json, Start},
};
use crate::schema::{Field, Schema, Shape};

/// The proto names of the fields that the body of `field` names. A field that is a message is one path and replaced
/// as a whole, as services do with it. What only the server sets, and the etag, are not meant to be changed and left
/// out. Names that are no fields are left to the encoder to refuse.
pub(super) fn paths(schema: &Schema, field: &Field, mut json: Json<'_>) -> Result<Vec<String>> {
    let message = field.kind.message().filter(|_| field.is_singular()).map(|id| schema.message(id));
    let Some(message) = message.filter(|message| message.shape == Shape::Plain) else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    if json.start()? == Start::Object {
        json.open(b'{')?;
        let mut first = true;
        while let Some(name) = json.member(&mut first)? {
            json.skip(1)?;
            let field = message.by_name(&name, usize::MAX).map(|(_, field)| field);
            if let Some(field) = field.filter(|field| !field.output_only && &*field.proto_name != "etag") {
                paths.push(field.proto_name.to_string());
            }
        }
    }
    Ok(paths)
}
