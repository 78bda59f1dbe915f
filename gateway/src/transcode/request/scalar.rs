//! Single values: from JSON, and from the plain text of paths and query strings.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    schema::{EnumId, Kind, Schema},
    transcode::{
        fault::{Fault, Result},
        number,
        wire::{push_bytes, push_varint, zigzag},
    },
};

/// Padding may be left out and the last bits may be anything, as protobuf's parsers allow.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A value as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'a> {
    /// A JSON number.
    Number(&'a str),
    /// The content of a JSON string.
    Text(&'a str),
    /// A JSON boolean.
    Bool(bool),
    /// Text from a path or a query string, where nothing tells types apart.
    Plain(&'a str),
}

/// What a value of the kind looks like, for people.
pub(crate) fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Double | Kind::Float => "a number",
        Kind::Bool => "true or false",
        Kind::String => "a string",
        Kind::Bytes => "base64",
        Kind::Enum(_) => "the name of an enum value",
        Kind::Message(_) | Kind::Group(_) => "an object",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "a 32-bit integer",
        Kind::Uint32 | Kind::Fixed32 => "an unsigned 32-bit integer",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "a 64-bit integer",
        Kind::Uint64 | Kind::Fixed64 => "an unsigned 64-bit integer",
    }
}

/// Encodes a value that is no message, without its tag.
pub(crate) fn encode(schema: &Schema, kind: Kind, token: Token<'_>, out: &mut Vec<u8>) -> Result {
    let wrong = || Fault::value(format!("expected {}", expected(kind)));
    match kind {
        Kind::String => push_bytes(out, text(token).ok_or_else(wrong)?.as_bytes()),
        Kind::Bytes => push_bytes(out, &text(token).and_then(base64).ok_or_else(wrong)?),
        Kind::Bool => out.push(u8::from(boolean(token).ok_or_else(wrong)?)),
        Kind::Double => out.extend_from_slice(&double(token).ok_or_else(wrong)?.to_le_bytes()),
        Kind::Float => out.extend_from_slice(&single(token).ok_or_else(wrong)?.to_le_bytes()),
        Kind::Enum(id) => push_varint(out, i64::from(enumerated(schema, id, token)?).cast_unsigned()),
        Kind::Int32 => push_varint(out, i64::from(integer::<i32>(token).ok_or_else(wrong)?).cast_unsigned()),
        Kind::Int64 => push_varint(out, integer::<i64>(token).ok_or_else(wrong)?.cast_unsigned()),
        Kind::Uint32 => push_varint(out, u64::from(integer::<u32>(token).ok_or_else(wrong)?)),
        Kind::Uint64 => push_varint(out, integer::<u64>(token).ok_or_else(wrong)?),
        Kind::Sint32 => push_varint(out, zigzag(i64::from(integer::<i32>(token).ok_or_else(wrong)?))),
        Kind::Sint64 => push_varint(out, zigzag(integer::<i64>(token).ok_or_else(wrong)?)),
        Kind::Fixed32 => out.extend_from_slice(&integer::<u32>(token).ok_or_else(wrong)?.to_le_bytes()),
        Kind::Sfixed32 => out.extend_from_slice(&integer::<i32>(token).ok_or_else(wrong)?.to_le_bytes()),
        Kind::Fixed64 => out.extend_from_slice(&integer::<u64>(token).ok_or_else(wrong)?.to_le_bytes()),
        Kind::Sfixed64 => out.extend_from_slice(&integer::<i64>(token).ok_or_else(wrong)?.to_le_bytes()),
        Kind::Message(_) | Kind::Group(_) => return Err(wrong()),
    }
    Ok(())
}

fn text(token: Token<'_>) -> Option<&str> {
    match token {
        Token::Text(text) | Token::Plain(text) => Some(text),
        Token::Number(_) | Token::Bool(_) => None,
    }
}

fn integer<T: TryFrom<i128>>(token: Token<'_>) -> Option<T> {
    match token {
        Token::Number(text) | Token::Text(text) | Token::Plain(text) => T::try_from(number::integer(text)?).ok(),
        Token::Bool(_) => None,
    }
}

fn double(token: Token<'_>) -> Option<f64> {
    match token {
        Token::Number(text) => number::double(text),
        Token::Text(text) | Token::Plain(text) => number::special(text).or_else(|| number::double(text)),
        Token::Bool(_) => None,
    }
}

fn single(token: Token<'_>) -> Option<f32> {
    match token {
        Token::Number(text) => number::single(text),
        Token::Text(text) | Token::Plain(text) => {
            number::special(text).map(|value| value as f32).or_else(|| number::single(text))
        }
        Token::Bool(_) => None,
    }
}

fn boolean(token: Token<'_>) -> Option<bool> {
    match token {
        Token::Bool(value) => Some(value),
        Token::Plain("true") => Some(true),
        Token::Plain("false") => Some(false),
        Token::Plain(_) | Token::Text(_) | Token::Number(_) => None,
    }
}

fn enumerated(schema: &Schema, id: EnumId, token: Token<'_>) -> Result<i32> {
    let enumeration = schema.enumeration(id);
    let (name, number) = match token {
        Token::Text(text) => (Some(text), None),
        Token::Number(_) => (None, integer::<i32>(token)),
        Token::Plain(text) => (Some(text), integer::<i32>(token)),
        Token::Bool(_) => (None, None),
    };
    let by_number = number.filter(|number| !enumeration.closed || enumeration.quoted(*number).is_some());
    name.and_then(|name| enumeration.number(name)).or(by_number).ok_or_else(|| match name {
        Some(name) => Fault::value(format!("{} has no value {name:?}", enumeration.name)),
        None => Fault::value(format!("expected a value of {}", enumeration.name)),
    })
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode(text).ok()
}

/// The key of a map, from the name of a member or of a query parameter.
pub(crate) fn encode_key(schema: &Schema, kind: Kind, key: &str, out: &mut Vec<u8>) -> Result {
    encode(schema, kind, Token::Plain(key), out)
}
