//! One field's rules: read from the options of the descriptor, checked on one value.

use std::sync::LazyLock;

use prost_reflect::{DynamicMessage, Kind as FieldKind, ReflectMessage, Value};
use regex::Regex;

use super::wire::{self, Malformed, WireType};

/// What the HTML standard calls a valid e-mail address (section 4.10.5.1.5), as protovalidate does.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    )
    .expect("the expression is a constant that a test compiles")
});

/// How a scalar field is read from the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Signed,
    ZigZag,
    Unsigned,
    Fixed32,
    Fixed64,
    Text,
    Bytes,
    Enum,
}

/// One value, read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Read<'a> {
    Integer(i64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    /// A number that no rule is about.
    Other(u64),
}

impl Read<'_> {
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Read::Integer(number) => *number == 0,
            Read::Text(bytes) | Read::Bytes(bytes) => bytes.is_empty(),
            Read::Other(bits) => *bits == 0,
        }
    }
}

impl Scalar {
    pub(super) fn of(kind: &FieldKind) -> Self {
        match kind {
            FieldKind::Int32 | FieldKind::Int64 => Scalar::Signed,
            FieldKind::Sint32 | FieldKind::Sint64 => Scalar::ZigZag,
            FieldKind::Uint32 | FieldKind::Uint64 | FieldKind::Bool => Scalar::Unsigned,
            FieldKind::Float | FieldKind::Fixed32 | FieldKind::Sfixed32 => Scalar::Fixed32,
            FieldKind::Double | FieldKind::Fixed64 | FieldKind::Sfixed64 => Scalar::Fixed64,
            FieldKind::String => Scalar::Text,
            FieldKind::Bytes | FieldKind::Message(_) => Scalar::Bytes,
            FieldKind::Enum(_) => Scalar::Enum,
        }
    }

    pub(super) fn wire_type(self) -> WireType {
        match self {
            Scalar::Signed | Scalar::ZigZag | Scalar::Unsigned | Scalar::Enum => WireType::Varint,
            Scalar::Fixed32 => WireType::Fixed32,
            Scalar::Fixed64 => WireType::Fixed64,
            Scalar::Text | Scalar::Bytes => WireType::Bytes,
        }
    }

    pub(super) fn packable(self) -> bool {
        self.wire_type() != WireType::Bytes
    }

    pub(super) fn read<'a>(self, value: wire::Value<'a>) -> Result<Read<'a>, Malformed> {
        Ok(match (self, value) {
            (Scalar::Signed, wire::Value::Varint(bits)) => Read::Integer(bits.cast_signed()),
            // An enum is 32 bits wide; more on the wire is cut, as every implementation does.
            (Scalar::Enum, wire::Value::Varint(bits)) => Read::Integer(i64::from(bits.cast_signed() as i32)),
            (Scalar::ZigZag, wire::Value::Varint(bits)) => {
                Read::Integer((bits >> 1).cast_signed() ^ -((bits & 1).cast_signed()))
            }
            (Scalar::Unsigned, wire::Value::Varint(bits)) | (Scalar::Fixed64, wire::Value::Fixed64(bits)) => {
                Read::Other(bits)
            }
            (Scalar::Fixed32, wire::Value::Fixed32(bits)) => Read::Other(u64::from(bits)),
            (Scalar::Text, wire::Value::Bytes(bytes)) => Read::Text(bytes),
            (Scalar::Bytes, wire::Value::Bytes(bytes)) => Read::Bytes(bytes),
            _ => return Err(Malformed),
        })
    }

    pub(super) fn zero(self) -> Read<'static> {
        match self {
            Scalar::Signed | Scalar::ZigZag | Scalar::Enum => Read::Integer(0),
            Scalar::Unsigned | Scalar::Fixed32 | Scalar::Fixed64 => Read::Other(0),
            Scalar::Text => Read::Text(&[]),
            Scalar::Bytes => Read::Bytes(&[]),
        }
    }
}

/// The rules of one field, item, key or value.
#[derive(Debug, Default)]
pub(super) struct Rule {
    options: Option<DynamicMessage>,
    checks: Vec<Check>,
    counts: Vec<Check>,
}

#[derive(Debug)]
enum Check {
    AtLeast(i64),
    AtMost(i64),
    MinCharacters(u64),
    MaxCharacters(u64),
    MinBytes(u64),
    MaxBytes(u64),
    Pattern(Regex),
    OneOf(Vec<String>),
    Email,
    Uuid,
    Defined(Vec<i32>),
    NoneOf(Vec<i32>),
    MinCount(u64),
    MaxCount(u64),
}

impl Rule {
    pub(super) fn compile(options: Option<&DynamicMessage>) -> Result<Self, String> {
        let Some(options) = options else { return Ok(Self::default()) };
        let mut rule = Self { options: Some(options.clone()), ..Self::default() };
        for (field, value) in options.fields() {
            let Value::Message(typed) = value else { continue };
            for (constraint, value) in typed.fields() {
                if let Some(check) = Check::compile(field.name(), constraint.name(), value)? {
                    match check {
                        Check::MinCount(_) | Check::MaxCount(_) => rule.counts.push(check),
                        other => rule.checks.push(other),
                    }
                }
            }
        }
        Ok(rule)
    }

    /// The rules of a list's items, a map's keys or values.
    pub(super) fn part(&self, name: &str) -> Result<Self, String> {
        let part = self.options.iter().flat_map(|options| options.fields()).find_map(|(_, value)| {
            let typed = value.as_message()?;
            let field = typed.descriptor().get_field_by_name(name)?;
            typed.has_field(&field).then(|| typed.get_field(&field).into_owned())
        });
        match part {
            Some(Value::Message(options)) => Self::compile(Some(&options)),
            _ => Ok(Self::default()),
        }
    }

    pub(super) fn required(&self) -> bool {
        let options = self.options.as_ref();
        options.and_then(|options| options.get_field_by_name("required")?.as_bool()).unwrap_or(false)
    }

    pub(super) fn ignore_zero(&self) -> bool {
        let options = self.options.as_ref();
        options.and_then(|options| options.get_field_by_name("ignore")?.as_enum_number()) == Some(1)
    }

    pub(super) fn check(&self, value: &Read<'_>, mut report: impl FnMut(String)) {
        self.checks.iter().filter_map(|check| check.problem(value)).for_each(&mut report);
    }

    pub(super) fn check_count(&self, count: u64, mut report: impl FnMut(String)) {
        for check in &self.counts {
            match check {
                Check::MinCount(limit) if count < *limit => report(format!("must have at least {limit} items")),
                Check::MaxCount(limit) if count > *limit => report(format!("must have at most {limit} items")),
                _ => {}
            }
        }
    }
}

impl Check {
    fn compile(kind: &str, name: &str, value: &Value) -> Result<Option<Self>, String> {
        let integer = || value.as_i64().or_else(|| value.as_i32().map(i64::from)).ok_or("not an integer");
        let size = || value.as_u64().ok_or("not a size");
        let numbers = || -> Vec<i32> {
            let list = value.as_list().unwrap_or_default();
            list.iter().filter_map(Value::as_i32).collect()
        };
        let check = match (kind, name) {
            ("int32" | "int64", "gte") => Check::AtLeast(integer()?),
            ("int32" | "int64", "gt") => Check::AtLeast(integer()?.saturating_add(1)),
            ("int32" | "int64", "lte") => Check::AtMost(integer()?),
            ("int32" | "int64", "lt") => Check::AtMost(integer()?.saturating_sub(1)),
            ("string", "min_len") => Check::MinCharacters(size()?),
            ("string", "max_len") => Check::MaxCharacters(size()?),
            ("string", "max_bytes") | ("bytes", "max_len") => Check::MaxBytes(size()?),
            ("bytes", "min_len") => Check::MinBytes(size()?),
            ("string", "pattern") => {
                let pattern = value.as_str().ok_or("not a pattern")?;
                Check::Pattern(Regex::new(pattern).map_err(|error| error.to_string())?)
            }
            ("string", "in") => {
                let list = value.as_list().unwrap_or_default();
                Check::OneOf(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            ("string", "email") => Check::Email,
            ("string", "uuid") => Check::Uuid,
            // Which values are defined is known only with the field's type; see `Rule::define`.
            ("enum", "defined_only") => Check::Defined(Vec::new()),
            ("enum", "not_in") => Check::NoneOf(numbers()),
            ("repeated", "min_items") | ("map", "min_pairs") => Check::MinCount(size()?),
            ("repeated", "max_items") | ("map", "max_pairs") => Check::MaxCount(size()?),
            ("repeated", "items") | ("map", "keys" | "values") => return Ok(None),
            _ => return Err(format!("{kind}.{name} is not supported")),
        };
        Ok(Some(check))
    }

    fn problem(&self, value: &Read<'_>) -> Option<String> {
        match (self, value) {
            (Check::AtLeast(limit), Read::Integer(number)) => {
                (number < limit).then(|| format!("must be at least {limit}"))
            }
            (Check::AtMost(limit), Read::Integer(number)) => {
                (number > limit).then(|| format!("must be at most {limit}"))
            }
            (Check::Defined(known), Read::Integer(number)) => {
                (!known.iter().any(|other| i64::from(*other) == *number)).then(|| "is not a known value".to_owned())
            }
            (Check::NoneOf(refused), Read::Integer(number)) => {
                refused.iter().any(|other| i64::from(*other) == *number).then(|| "must be specified".to_owned())
            }
            (Check::MinBytes(limit), Read::Bytes(bytes)) => {
                ((bytes.len() as u64) < *limit).then(|| format!("must have at least {limit} bytes"))
            }
            (Check::MaxBytes(limit), Read::Bytes(bytes) | Read::Text(bytes)) => {
                (bytes.len() as u64 > *limit).then(|| format!("must have at most {limit} bytes"))
            }
            (check, Read::Text(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => check.text_problem(text),
                Err(_) => Some("is not valid UTF-8".to_owned()),
            },
            _ => None,
        }
    }

    fn text_problem(&self, text: &str) -> Option<String> {
        let characters = || text.chars().count() as u64;
        let (violated, problem) = match self {
            Check::MinCharacters(limit) => (characters() < *limit, format!("must have at least {limit} characters")),
            Check::MaxCharacters(limit) => (characters() > *limit, format!("must have at most {limit} characters")),
            Check::Pattern(pattern) => (!pattern.is_match(text), format!("must match {pattern}")),
            Check::OneOf(values) => {
                (!values.iter().any(|value| value == text), format!("must be one of {}", values.join(", ")))
            }
            Check::Email => (!EMAIL.is_match(text), "must be an e-mail address".to_owned()),
            Check::Uuid => (!is_uuid(text), "must be a UUID".to_owned()),
            Check::AtLeast(_)
            | Check::AtMost(_)
            | Check::MinBytes(_)
            | Check::MaxBytes(_)
            | Check::Defined(_)
            | Check::NoneOf(_)
            | Check::MinCount(_)
            | Check::MaxCount(_) => return None,
        };
        violated.then_some(problem)
    }
}

impl Rule {
    /// Says which values an enum has, for `defined_only`.
    pub(super) fn define(&mut self, kind: &FieldKind) {
        let Some(enumeration) = kind.as_enum() else { return };
        for check in &mut self.checks {
            if let Check::Defined(values) = check {
                *values = enumeration.values().map(|value| value.number()).collect();
            }
        }
    }
}

/// A UUID in its canonical form: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
