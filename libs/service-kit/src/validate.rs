//! Field rules (`buf.validate`), compiled once and checked on the encoded message without decoding it.
//!
//! All violations are reported at once, with paths in JSON names. The supported rules are exactly those of
//! `proto/buf/validate/validate.proto`, so a rule that would not be enforced cannot be written.

mod rules;
mod wire;

use std::collections::HashMap;

use kernel::Violation;
use prost_reflect::{DescriptorPool, Kind as FieldKind, Value};

use crate::contract::{LoadError, extension};
use rules::{Rule, Scalar};

const FIELD: &str = "buf.validate.field";
/// Deeper nesting is refused, as prost refuses it.
const MAX_DEPTH: usize = 100;
/// More violations than anybody reads are not collected.
const MAX_VIOLATIONS: usize = 100;

/// The rules of every message of a contract.
#[derive(Debug)]
pub(crate) struct Rules {
    by_name: HashMap<String, usize>,
    messages: Vec<MessageRules>,
}

#[derive(Debug, Default)]
struct MessageRules {
    fields: Vec<FieldRules>,
}

#[derive(Debug)]
struct FieldRules {
    number: u32,
    json_name: String,
    shape: Shape,
    /// Its absence is an error.
    required: bool,
    /// Absent means the default value, which is then checked.
    implicit_presence: bool,
    ignore_zero: bool,
    rule: Rule,
}

#[derive(Debug)]
enum Shape {
    Scalar(Scalar),
    Message(usize),
    Repeated(Box<Element>),
    Map { keys: Rule, values: Box<Element> },
}

/// What one item of a list, or one value of a map, is.
#[derive(Debug)]
struct Element {
    kind: ElementKind,
    rule: Rule,
}

#[derive(Debug)]
enum ElementKind {
    Scalar(Scalar),
    Message(usize),
}

impl Rules {
    pub(crate) fn compile(pool: &DescriptorPool) -> Result<Self, LoadError> {
        let by_name: HashMap<String, usize> =
            pool.all_messages().enumerate().map(|(index, message)| (message.full_name().to_owned(), index)).collect();
        let element = |kind: &FieldKind, mut rule: Rule| Element {
            kind: match kind.as_message() {
                Some(message) => ElementKind::Message(by_name[message.full_name()]),
                None => ElementKind::Scalar(Scalar::of(kind)),
            },
            rule: {
                rule.define(kind);
                rule
            },
        };
        let mut messages = Vec::with_capacity(by_name.len());
        for message in pool.all_messages() {
            let mut fields = Vec::new();
            for field in message.fields() {
                let options = match extension(&field.options(), FIELD) {
                    Some(Value::Message(options)) => Some(options),
                    _ => None,
                };
                let fail = |problem: String| LoadError::Rule { field: field.full_name().to_owned(), problem };
                let kind = field.kind();
                let mut rule = Rule::compile(options.as_ref()).map_err(fail)?;
                rule.define(&kind);
                let shape = if field.is_map() {
                    let entry = kind.as_message().expect("a map field's kind is its entry message").clone();
                    Shape::Map {
                        keys: rule.part("keys").map_err(fail)?,
                        values: Box::new(element(
                            &entry.map_entry_value_field().kind(),
                            rule.part("values").map_err(fail)?,
                        )),
                    }
                } else if field.is_list() {
                    Shape::Repeated(Box::new(element(&kind, rule.part("items").map_err(fail)?)))
                } else if let Some(message) = kind.as_message() {
                    Shape::Message(by_name[message.full_name()])
                } else {
                    Shape::Scalar(Scalar::of(&kind))
                };
                fields.push(FieldRules {
                    number: field.number(),
                    json_name: field.json_name().to_owned(),
                    required: rule.required(),
                    ignore_zero: rule.ignore_zero(),
                    implicit_presence: !field.supports_presence(),
                    shape,
                    rule,
                });
            }
            messages.push(MessageRules { fields });
        }
        Ok(Self { by_name, messages })
    }

    pub(crate) fn check(&self, message: &str, bytes: &[u8]) -> Result<(), Vec<Violation>> {
        let Some(&index) = self.by_name.get(message) else { return Ok(()) };
        let mut report = Report::default();
        if self.message(index, bytes, 0, &mut report).is_err() {
            return Err(vec![Violation::new("", "the message is not well-formed protobuf")]);
        }
        if report.violations.is_empty() { Ok(()) } else { Err(report.violations) }
    }

    fn message<'r>(
        &'r self,
        index: usize,
        bytes: &[u8],
        depth: usize,
        report: &mut Report<'r>,
    ) -> Result<(), wire::Malformed> {
        if depth > MAX_DEPTH {
            return Err(wire::Malformed);
        }
        let fields = &self.messages[index].fields;
        let mut seen: Vec<u64> = vec![0; fields.len()];
        for item in wire::fields(bytes) {
            let (number, value) = item?;
            let Some(position) = fields.iter().position(|field| field.number == number) else { continue };
            let field = &fields[position];
            seen[position] += self.field(field, value, seen[position], depth, report)?;
        }
        for (field, count) in fields.iter().zip(seen) {
            report.at(Step::Field(&field.json_name), |report| field.check_presence(count, report));
        }
        Ok(())
    }

    /// Checks one occurrence on the wire and tells how many items it held.
    fn field<'r>(
        &'r self,
        field: &'r FieldRules,
        value: wire::Value<'_>,
        before: u64,
        depth: usize,
        report: &mut Report<'r>,
    ) -> Result<u64, wire::Malformed> {
        report.enter(Step::Field(&field.json_name));
        let result = match &field.shape {
            Shape::Scalar(scalar) => scalar.read(value).map(|read| {
                if field.required && field.implicit_presence && read.is_zero() {
                    report.add("is required".to_owned());
                } else if !(field.ignore_zero && read.is_zero()) {
                    field.rule.check(&read, |problem| report.add(problem));
                }
                1
            }),
            Shape::Message(index) => self.message(*index, value.bytes()?, depth + 1, report).map(|()| 1),
            Shape::Repeated(element) => self.items(element, value, before, depth, report),
            Shape::Map { keys, values } => self.entry(keys, values, value, depth, report).map(|()| 1),
        };
        report.leave();
        result
    }

    fn items<'r>(
        &'r self,
        element: &'r Element,
        value: wire::Value<'_>,
        before: u64,
        depth: usize,
        report: &mut Report<'r>,
    ) -> Result<u64, wire::Malformed> {
        let mut count = 0;
        for item in element.unpack(value) {
            report.enter(Step::Index(before + count));
            let checked = self.element(element, item?, depth, report);
            report.leave();
            checked?;
            count += 1;
        }
        Ok(count)
    }

    fn entry<'r>(
        &'r self,
        keys: &'r Rule,
        values: &'r Element,
        value: wire::Value<'_>,
        depth: usize,
        report: &mut Report<'r>,
    ) -> Result<(), wire::Malformed> {
        let (mut key, mut content) = (None, None);
        for item in wire::fields(value.bytes()?) {
            match item? {
                (1, value) => key = Some(value),
                (2, value) => content = Some(value),
                _ => {}
            }
        }
        let key = match key {
            Some(wire::Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            Some(wire::Value::Varint(number)) => number.to_string(),
            Some(wire::Value::Fixed32(_) | wire::Value::Fixed64(_)) => return Err(wire::Malformed),
            None => String::new(),
        };
        report.enter(Step::Key(key.chars().take(64).collect()));
        keys.check(&rules::Read::Text(key.as_bytes()), |problem| report.add(format!("key {problem}")));
        let empty = wire::Value::Bytes(&[]);
        let checked = match (content, &values.kind) {
            (Some(content), _) => self.element(values, content, depth, report),
            (None, ElementKind::Message(_)) => self.element(values, empty, depth, report),
            (None, ElementKind::Scalar(scalar)) => {
                values.rule.check(&scalar.zero(), |problem| report.add(problem));
                Ok(())
            }
        };
        report.leave();
        checked
    }

    fn element<'r>(
        &'r self,
        element: &'r Element,
        value: wire::Value<'_>,
        depth: usize,
        report: &mut Report<'r>,
    ) -> Result<(), wire::Malformed> {
        match element.kind {
            ElementKind::Message(index) => self.message(index, value.bytes()?, depth + 1, report),
            ElementKind::Scalar(scalar) => {
                element.rule.check(&scalar.read(value)?, |problem| report.add(problem));
                Ok(())
            }
        }
    }
}

impl FieldRules {
    fn check_presence(&self, count: u64, report: &mut Report<'_>) {
        match &self.shape {
            Shape::Repeated(_) | Shape::Map { .. } => {
                if self.required && count == 0 {
                    report.add("is required".to_owned());
                }
                self.rule.check_count(count, |problem| report.add(problem));
            }
            Shape::Message(_) | Shape::Scalar(_) if count > 0 => {}
            Shape::Message(_) | Shape::Scalar(_) if self.required => report.add("is required".to_owned()),
            Shape::Scalar(scalar) if self.implicit_presence && !self.ignore_zero => {
                self.rule.check(&scalar.zero(), |problem| report.add(problem));
            }
            Shape::Message(_) | Shape::Scalar(_) => {}
        }
    }
}

impl Element {
    fn unpack<'a>(&self, value: wire::Value<'a>) -> wire::Items<'a> {
        match (&self.kind, value) {
            (ElementKind::Scalar(scalar), wire::Value::Bytes(bytes)) if scalar.packable() => {
                wire::Items::packed(bytes, scalar.wire_type())
            }
            (_, value) => wire::Items::one(value),
        }
    }
}

enum Step<'r> {
    Field(&'r str),
    Index(u64),
    Key(String),
}

/// Where the check is, and what it found. Paths are put together only for violations.
#[derive(Default)]
struct Report<'r> {
    path: Vec<Step<'r>>,
    violations: Vec<Violation>,
}

impl<'r> Report<'r> {
    fn enter(&mut self, step: Step<'r>) {
        self.path.push(step);
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn at(&mut self, step: Step<'r>, check: impl FnOnce(&mut Self)) {
        self.enter(step);
        check(self);
        self.leave();
    }

    fn add(&mut self, description: String) {
        if self.violations.len() >= MAX_VIOLATIONS {
            return;
        }
        let mut field = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) if field.is_empty() => field.push_str(name),
                Step::Field(name) => field.extend([".", name]),
                Step::Index(index) => field.push_str(&format!("[{index}]")),
                Step::Key(key) => field.push_str(&format!("[{key:?}]")),
            }
        }
        self.violations.push(Violation { field, description });
    }
}

#[cfg(test)]
mod tests;
