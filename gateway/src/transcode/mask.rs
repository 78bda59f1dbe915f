//! The field mask that a PATCH means when it gives none: the fields that its body names.

use super::{
    MAX_DEPTH,
    fault::Result,
    json::{Json, Start, too_deep},
};
use crate::schema::{Field, Message, Schema, Shape};

/// The proto paths of the fields that the body of `field` names. Lists, maps and well-known types are one path
/// each. What only the server sets, and the etag, are not meant to be changed and left out. Names that are no
/// fields are left to the encoder to refuse.
pub(super) fn paths(schema: &Schema, field: &Field, mut json: Json<'_>) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    let message = field.kind.message().filter(|_| field.is_singular()).map(|id| schema.message(id));
    if let Some(message) = message.filter(|message| message.shape == Shape::Plain)
        && json.start()? == Start::Object
    {
        collect(schema, message, &mut json, "", 0, &mut paths)?;
    }
    Ok(paths)
}

fn collect(
    schema: &Schema,
    message: &Message,
    json: &mut Json<'_>,
    prefix: &str,
    depth: usize,
    paths: &mut Vec<String>,
) -> Result {
    if depth >= MAX_DEPTH {
        return Err(too_deep());
    }
    json.open(b'{')?;
    let mut first = true;
    while let Some(name) = json.member(&mut first)? {
        let field = message.by_name(&name, usize::MAX).map(|(_, field)| field);
        let Some(field) = field.filter(|field| !is_kept_out(field, depth)) else {
            json.skip(depth + 1)?;
            continue;
        };
        let path = format!("{prefix}{}", field.proto_name);
        let inner = field.kind.message().filter(|_| field.is_singular()).map(|id| schema.message(id));
        let inner = inner.filter(|inner| inner.shape == Shape::Plain);
        let mut ahead = json.clone();
        match inner {
            Some(inner) if json.start()? == Start::Object && !is_empty_object(&mut ahead)? => {
                collect(schema, inner, json, &format!("{path}."), depth + 1, paths)?;
            }
            _ => {
                json.skip(depth + 1)?;
                paths.push(path);
            }
        }
    }
    Ok(())
}

/// What only the server sets, and the etag of the whole.
fn is_kept_out(field: &Field, depth: usize) -> bool {
    field.output_only || (depth == 0 && &*field.proto_name == "etag")
}

fn is_empty_object(json: &mut Json<'_>) -> Result<bool> {
    json.open(b'{')?;
    Ok(json.member(&mut true)?.is_none())
}
