//! How a request's path, query and body become one message: the request side of an HTTP rule, compiled.
//!
//! Every field has one place to come from. A field that the path binds may appear in the body with the same value
//! only, and a query parameter may name neither: peers that let one of them win can be told one thing by the rule
//! that guards a path and another by the handler behind it.

mod query;
mod record;

use super::{
    fault::{Fault, Reason, Result},
    json::Json,
    mask,
    request::{
        Encoder,
        scope::{Bound, Scope},
    },
    wire::{Length, push_bytes, push_tag},
};
use crate::{
    percent, router,
    schema::{Field, Kind, MessageId, Schema, Shape, Slot},
    template::{Segment, Template, Variable},
};
use record::Record;

const HTTP_BODY: &str = "google.api.HttpBody";

/// The request side of a rule.
#[derive(Debug)]
pub(crate) struct Binding {
    input: MessageId,
    variables: Vec<PathVariable>,
    /// The length of the verb with its colon.
    verb: usize,
    body: Body,
    /// `etag` of the request, or of the resource in its body: what `If-Match` sets.
    etag: Option<Vec<Slot>>,
    /// The `update_mask` to fill from the body when it is not given.
    mask: Option<Slot>,
}

#[derive(Debug)]
struct PathVariable {
    path: Vec<Slot>,
    start: usize,
    /// `None` where the value goes to the end of the path.
    end: Option<usize>,
    multi: bool,
}

/// What the HTTP body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Not used.
    None,
    /// All fields that the path does not bind.
    Message,
    /// One field.
    Field(Slot),
    /// The request is a `google.api.HttpBody`: raw bytes.
    Raw,
    /// One field is a `google.api.HttpBody`: raw bytes.
    RawField(Slot),
}

/// What path, query and headers have bound, ready for the body.
#[derive(Debug)]
pub(crate) struct Prefix<'r> {
    bound: Vec<Bound<'r>>,
    /// The query's fields, encoded.
    query: Vec<u8>,
    /// The query has given the mask.
    masked: bool,
}

impl Binding {
    /// Compiles a rule for requests of the message. `patch` says that the method is PATCH.
    /// The error says what is wrong with the rule.
    pub(crate) fn compile(
        schema: &Schema,
        input: MessageId,
        template: &Template,
        body: &str,
        patch: bool,
    ) -> std::result::Result<Self, String> {
        let mut variables = Vec::new();
        for variable in &template.variables {
            let rest = template.segments[..variable.end].last() == Some(&Segment::Rest);
            variables.push(path_variable(schema, input, variable, rest)?);
        }
        if variables.len() > Scope::LIMIT {
            return Err(format!("the path binds more than {} fields", Scope::LIMIT));
        }
        let body = body_of(schema, input, body, &variables)?;
        let message = schema.message(input);
        let mask = match body {
            Body::Field(_) if patch => message.fields.iter().position(|field| {
                let is_mask = |id| schema.message(id).shape == Shape::FieldMask;
                &*field.proto_name == "update_mask" && field.is_singular() && field.kind.message().is_some_and(is_mask)
            }),
            _ => None,
        };
        Ok(Self {
            input,
            etag: etag_of(schema, input, body),
            mask,
            variables,
            verb: template.verb.as_ref().map_or(0, |verb| verb.len() + 1),
            body,
        })
    }

    /// What the HTTP body is.
    pub(crate) fn body(&self) -> Body {
        self.body
    }

    /// Whether `If-Match` can be honoured.
    pub(crate) fn has_etag(&self) -> bool {
        self.etag.is_some()
    }

    /// Binds path, query and the etag of `If-Match`.
    pub(crate) fn bind<'r>(
        &'r self,
        schema: &Schema,
        path: &str,
        query: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<Prefix<'r>> {
        let mut bound = Vec::with_capacity(self.variables.len() + usize::from(if_match.is_some()));
        for variable in &self.variables {
            let raw = router::segments(path, variable.start, variable.end, self.verb);
            let value = variable.decode(raw)?;
            let record = self.leaf(schema, &variable.path, &value)?;
            bound.push(Bound { path: &variable.path, record });
        }
        if let (Some(path), Some(etag)) = (&self.etag, if_match) {
            bound.push(Bound { path, record: self.leaf(schema, path, etag)? });
        }
        let mut prefix = Prefix { bound, query: Vec::new(), masked: false };
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            query::bind(self, schema, query, &mut prefix)?;
        }
        Ok(prefix)
    }

    fn leaf(&self, schema: &Schema, path: &[Slot], text: &str) -> Result<Vec<u8>> {
        let field = field_at(schema, self.input, path);
        record::singular(schema, field, text).map_err(|fault| locate(schema, self.input, path, fault))
    }

    /// Encodes the request behind what `out` holds: all that is bound, then the body.
    /// `content_type` is that of the body, where it is raw.
    pub(crate) fn encode(
        &self,
        schema: &Schema,
        prefix: &Prefix<'_>,
        body: &[u8],
        content_type: &str,
        mut out: Vec<u8>,
    ) -> Result<Vec<u8>> {
        for bound in &prefix.bound {
            Record::nested(schema, self.input, bound.path, &bound.record).push(&mut out);
        }
        out.extend_from_slice(&prefix.query);
        let scope = Scope::new(&prefix.bound);
        match self.body {
            Body::None => Ok(out),
            Body::Raw => {
                push_raw(&mut out, body, content_type);
                Ok(out)
            }
            Body::RawField(slot) => {
                push_tag(&mut out, schema.message(self.input).fields[slot].number, 2);
                let length = Length::open(&mut out);
                push_raw(&mut out, body, content_type);
                length.close(&mut out);
                Ok(out)
            }
            Body::Message | Body::Field(_) if body.is_empty() => Ok(out),
            Body::Message => Encoder::new(schema, Json::from_bytes(body)?, out).message(self.input, scope),
            Body::Field(slot) => {
                if let Some(mask) = self.mask.filter(|_| !prefix.masked) {
                    let field = &schema.message(self.input).fields[slot];
                    let paths = mask::paths(schema, field, Json::from_bytes(body)?)?;
                    push_mask(&mut out, schema.message(self.input).fields[mask].number, &paths);
                }
                Encoder::new(schema, Json::from_bytes(body)?, out).field(self.input, slot, scope)
            }
        }
    }

    /// Encodes a message of a stream after the first, to which alone path and query belong.
    pub(crate) fn encode_next(
        &self,
        schema: &Schema,
        body: &[u8],
        content_type: &str,
        out: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let nothing = Prefix { bound: Vec::new(), query: Vec::new(), masked: true };
        self.encode(schema, &nothing, body, content_type, out)
    }
}

impl PathVariable {
    fn decode<'p>(&self, raw: &'p str) -> Result<std::borrow::Cow<'p, str>> {
        let fault = |what: String| Fault::new(Reason::MalformedPath, what);
        if raw.starts_with('/') {
            return Err(fault("the value of a path variable cannot begin with /".to_owned()));
        }
        let decoded = if self.multi { percent::decode_except_slash(raw) } else { percent::decode(raw) };
        decoded.map_err(|error| fault(error.to_string()))
    }
}

/// The field at the end of a path of slots.
fn field_at<'s>(schema: &'s Schema, input: MessageId, path: &[Slot]) -> &'s Field {
    let mut message = schema.message(input);
    let mut fields = path.iter().map(|slot| {
        let field = &message.fields[*slot];
        if let Some(id) = field.kind.message() {
            message = schema.message(id);
        }
        field
    });
    let first = fields.next().expect("the path of a field has a part");
    fields.last().unwrap_or(first)
}

/// Puts the path of a field on a fault.
fn locate(schema: &Schema, input: MessageId, path: &[Slot], fault: Fault) -> Fault {
    (1..=path.len()).rev().fold(fault, |fault, end| fault.in_field(field_at(schema, input, &path[..end]).json_name()))
}

fn path_variable(
    schema: &Schema,
    input: MessageId,
    variable: &Variable,
    rest: bool,
) -> std::result::Result<PathVariable, String> {
    let name = variable.path.join(".");
    let mut message = schema.message(input);
    let mut path = Vec::new();
    for (at, part) in variable.path.iter().enumerate() {
        let found = message.fields.iter().position(|field| *field.proto_name == **part);
        let slot = found.ok_or_else(|| format!("the path variable `{name}` names no field of {}", message.name))?;
        let field = &message.fields[slot];
        if !field.is_singular() {
            return Err(format!("the path variable `{name}` is a list or a map"));
        }
        let is_leaf = at + 1 == variable.path.len();
        match field.kind.message().map(|id| schema.message(id)) {
            None if !is_leaf => {
                return Err(format!("the path variable `{name}` goes through a field that is no message"));
            }
            Some(inner) if is_leaf && !inner.shape.is_scalar() => {
                return Err(format!("the path variable `{name}` is a message"));
            }
            Some(inner) if !is_leaf && inner.shape != Shape::Plain => {
                return Err(format!("the path variable `{name}` goes into a well-known type"));
            }
            Some(inner) => message = inner,
            None => {}
        }
        path.push(slot);
    }
    Ok(PathVariable { path, start: variable.start, end: (!rest).then_some(variable.end), multi: variable.multi })
}

fn body_of(
    schema: &Schema,
    input: MessageId,
    body: &str,
    variables: &[PathVariable],
) -> std::result::Result<Body, String> {
    let message = schema.message(input);
    match body {
        "" => return Ok(Body::None),
        "*" if &*message.name == HTTP_BODY => return Ok(Body::Raw),
        "*" => return Ok(Body::Message),
        _ => {}
    }
    let found = message.fields.iter().position(|field| *field.proto_name == *body);
    let slot = found.ok_or_else(|| format!("the body `{body}` is no field of {}", message.name))?;
    if variables.iter().any(|variable| variable.path == [slot]) {
        return Err(format!("the body `{body}` is bound by the path too"));
    }
    let field = &message.fields[slot];
    match field.kind {
        Kind::Message(id) if field.is_singular() && &*schema.message(id).name == HTTP_BODY => Ok(Body::RawField(slot)),
        _ => Ok(Body::Field(slot)),
    }
}

fn etag_of(schema: &Schema, input: MessageId, body: Body) -> Option<Vec<Slot>> {
    let etag = |id: MessageId| {
        schema
            .message(id)
            .fields
            .iter()
            .position(|field| &*field.proto_name == "etag" && field.kind == Kind::String && field.is_singular())
    };
    if let Some(slot) = etag(input) {
        return Some(vec![slot]);
    }
    let Body::Field(slot) = body else { return None };
    let field = &schema.message(input).fields[slot];
    let inner = etag(field.kind.message().filter(|_| field.is_singular())?)?;
    Some(vec![slot, inner])
}

fn push_raw(out: &mut Vec<u8>, body: &[u8], content_type: &str) {
    for (number, bytes) in [(1, content_type.as_bytes()), (2, body)] {
        if !bytes.is_empty() {
            push_tag(out, number, 2);
            push_bytes(out, bytes);
        }
    }
}

fn push_mask(out: &mut Vec<u8>, number: u32, paths: &[String]) {
    if paths.is_empty() {
        return;
    }
    push_tag(out, number, 2);
    let length = Length::open(out);
    for path in paths {
        push_tag(out, 1, 2);
        push_bytes(out, path.as_bytes());
    }
    length.close(out);
}

#[cfg(test)]
mod tests;
