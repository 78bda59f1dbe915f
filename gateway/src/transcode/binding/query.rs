//! Query parameters: every field that neither the path nor the body binds.

use super::{Binding, Body, Prefix, Record, field_at, locate, record};
use crate::{
    percent,
    schema::{Field, Label, Schema, Shape, Slot},
    transcode::fault::{Fault, Reason, Result},
};

/// More parameters than any request needs.
const LIMIT: usize = 1_000;

/// Parameters that clients and tools add and no field is meant by.
fn is_ignored(name: &str) -> bool {
    name.starts_with('$') || name.starts_with("utm_") || matches!(name, "access_token" | "key")
}

/// Binds all parameters.
pub(super) fn bind(binding: &Binding, schema: &Schema, query: &str, prefix: &mut Prefix<'_>) -> Result {
    let malformed = |error: percent::Malformed| Fault::new(Reason::MalformedQuery, error.to_string());
    let mut set = Set::default();
    for (count, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == LIMIT {
            return Err(Fault::new(Reason::MalformedQuery, format!("more than {LIMIT} parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = percent::decode_query(name).map_err(malformed)?;
        if name.is_empty() {
            continue;
        }
        let Some(parameter) = parameter(binding, schema, &name) else {
            if is_ignored(&name) {
                continue;
            }
            let what = format!("{} has no such field", schema.message(binding.input).name);
            return Err(Fault::new(Reason::UnknownParameter, what).in_field(&name));
        };
        let value = percent::decode_query(value).map_err(malformed)?;
        add(binding, schema, &parameter, &value, &mut set, prefix)
            .map_err(|fault| locate(schema, binding.input, &parameter.path, fault))?;
    }
    Ok(())
}

/// A parameter whose name has been understood.
struct Parameter<'s, 'q> {
    path: Vec<Slot>,
    field: &'s Field,
    /// `m[key]`.
    key: Option<&'q str>,
}

/// Finds the field that a name means: JSON names or proto names, with dots, and `[key]` after a map.
fn parameter<'s, 'q>(binding: &Binding, schema: &'s Schema, name: &'q str) -> Option<Parameter<'s, 'q>> {
    let (name, key) = match name.split_once('[') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(']')?)),
        None => (name, None),
    };
    let mut message = Some(schema.message(binding.input));
    let mut path = Vec::new();
    let mut last = None;
    for part in name.split('.') {
        let (slot, field) = message?.by_name(part, path.len())?;
        let inner = field.kind.message().filter(|_| field.is_singular()).map(|id| schema.message(id));
        message = inner.filter(|inner| inner.shape == Shape::Plain);
        path.push(slot);
        last = Some(field);
    }
    let field = last?;
    ((field.label == Label::Map) == key.is_some()).then_some(Parameter { path, field, key })
}

fn add(
    binding: &Binding,
    schema: &Schema,
    parameter: &Parameter<'_, '_>,
    value: &str,
    set: &mut Set,
    prefix: &mut Prefix<'_>,
) -> Result {
    let twice = |what: &'static str| Fault::new(Reason::FieldSetTwice, what);
    let first = parameter.path[0];
    match binding.body {
        Body::Message | Body::Raw => return Err(twice("it belongs into the body")),
        Body::Field(slot) | Body::RawField(slot) if slot == first => return Err(twice("the body binds it")),
        Body::Field(_) | Body::RawField(_) | Body::None => {}
    }
    if prefix.bound.iter().any(|bound| bound.path == parameter.path) {
        return Err(twice("the path binds it"));
    }
    set.oneofs(binding, schema, &parameter.path, prefix)?;
    let record = match (parameter.field.label, parameter.key) {
        (Label::Map, Some(key)) => {
            if !set.insert(&parameter.path, Some(key)) {
                return Err(twice("the key is given twice"));
            }
            record::entry(schema, parameter.field, key, value)?
        }
        (Label::Repeated { .. }, _) => record::item(schema, parameter.field, value)?,
        _ => {
            if !set.insert(&parameter.path, None) {
                return Err(twice("given twice"));
            }
            record::singular(schema, parameter.field, value)?
        }
    };
    prefix.masked |= binding.mask == Some(first);
    Record::nested(schema, binding.input, &parameter.path, &record).push(&mut prefix.query);
    Ok(())
}

/// What the query has set so far.
#[derive(Default)]
struct Set {
    fields: Vec<(Vec<Slot>, Option<String>)>,
    /// Members of oneofs, by the path to them.
    members: Vec<Vec<Slot>>,
}

impl Set {
    fn insert(&mut self, path: &[Slot], key: Option<&str>) -> bool {
        if self.fields.iter().any(|(other, other_key)| other == path && other_key.as_deref() == key) {
            return false;
        }
        self.fields.push((path.to_vec(), key.map(str::to_owned)));
        true
    }

    /// Makes sure that no other member of a oneof on the way is set, by the query, the path or the body.
    fn oneofs(&mut self, binding: &Binding, schema: &Schema, path: &[Slot], prefix: &Prefix<'_>) -> Result {
        for end in 1..=path.len() {
            let Some(oneof) = field_at(schema, binding.input, &path[..end]).oneof else { continue };
            let rivals = |other: &[Slot]| {
                other.len() >= end
                    && other[..end - 1] == path[..end - 1]
                    && other[end - 1] != path[end - 1]
                    && field_at(schema, binding.input, &other[..end]).oneof == Some(oneof)
            };
            let body = match binding.body {
                Body::Field(slot) | Body::RawField(slot) => vec![slot],
                Body::None | Body::Message | Body::Raw => Vec::new(),
            };
            let bound = prefix.bound.iter().map(|bound| bound.path);
            let members = self.members.iter().map(Vec::as_slice);
            if members.chain(bound).chain([body.as_slice()]).any(rivals) {
                return Err(Fault::new(Reason::FieldSetTwice, "another member of the same oneof is given"));
            }
            self.members.push(path[..end].to_vec());
        }
        Ok(())
    }
}
