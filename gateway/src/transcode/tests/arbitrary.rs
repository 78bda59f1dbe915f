//! Messages made of random bytes, so that a failing one shrinks to a small one.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use crate::transcode::{json::Json, json::Start, wire::Reader};

pub(super) fn entropy() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

/// Random bytes, then zeros for ever.
struct Entropy<'e>(std::slice::Iter<'e, u8>);

impl Entropy<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    fn bits(&mut self) -> u64 {
        match self.byte() % 4 {
            0 => u64::from(self.byte()),
            1 => u64::MAX - u64::from(self.byte()),
            2 => 1 << (self.byte() % 64),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 10] =
            ["a", "B", "\"", "\\", "\n", "\u{1}", "é", "😀", "long enough to be longer than eight", "/"];
        (0..self.below(4)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    fn double(&mut self) -> f64 {
        let value = f64::from_bits(self.bits());
        // prost-reflect loses the sign of a zero in a map.
        if value.is_finite() && value != 0.0 { value } else { 0.5 }
    }
}

/// A message of the type.
pub(super) fn message(descriptor: &MessageDescriptor, entropy: &[u8]) -> DynamicMessage {
    build(descriptor, &mut Entropy(entropy.iter()), 0)
}

fn build(descriptor: &MessageDescriptor, entropy: &mut Entropy<'_>, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if well_known(&mut message, entropy, depth) {
        return message;
    }
    let fields: Vec<_> = descriptor.fields().collect();
    if fields.is_empty() || depth > 4 {
        return message;
    }
    for _ in 0..entropy.below(if depth == 0 { 12 } else { 4 }) {
        let field = &fields[entropy.below(fields.len())];
        let value = field_value(field, entropy, depth);
        message.set_field(field, value);
    }
    message
}

fn field_value(field: &FieldDescriptor, entropy: &mut Entropy<'_>, depth: usize) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { panic!("the kind of a map is its entry") };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let entries: HashMap<MapKey, Value> =
            (0..entropy.below(4)).map(|_| (map_key(&key, entropy), single(&value.kind(), entropy, depth))).collect();
        return Value::Map(entries);
    }
    if field.is_list() {
        return Value::List((0..entropy.below(4)).map(|_| single(&field.kind(), entropy, depth)).collect());
    }
    single(&field.kind(), entropy, depth)
}

fn map_key(field: &FieldDescriptor, entropy: &mut Entropy<'_>) -> MapKey {
    match single(&field.kind(), entropy, 0) {
        Value::Bool(key) => MapKey::Bool(key),
        Value::I32(key) => MapKey::I32(key),
        Value::I64(key) => MapKey::I64(key),
        Value::U32(key) => MapKey::U32(key),
        Value::U64(key) => MapKey::U64(key),
        Value::String(key) => MapKey::String(key),
        other => panic!("{other:?} is no key"),
    }
}

fn single(kind: &Kind, entropy: &mut Entropy<'_>, depth: usize) -> Value {
    match kind {
        Kind::Double => Value::F64(entropy.double()),
        Kind::Float => {
            Value::F32(Some(f32::from_bits(entropy.bits() as u32)).filter(|value| value.is_finite()).unwrap_or(0.5))
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(entropy.bits() as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(entropy.bits().cast_signed()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(entropy.bits() as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(entropy.bits()),
        Kind::Bool => Value::Bool(entropy.byte() % 2 == 1),
        Kind::String => Value::String(entropy.text()),
        Kind::Bytes => Value::Bytes(Bytes::from(entropy.text().into_bytes())),
        Kind::Enum(item) => {
            let values: Vec<_> = item.values().collect();
            Value::EnumNumber(values[entropy.below(values.len())].number())
        }
        Kind::Message(message) => Value::Message(build(message, entropy, depth + 1)),
    }
}

/// Fills the messages of which not every content has a JSON form.
fn well_known(message: &mut DynamicMessage, entropy: &mut Entropy<'_>, depth: usize) -> bool {
    let name = message.descriptor().full_name().to_owned();
    match name.as_str() {
        "google.protobuf.Timestamp" => {
            message.set_field_by_name("seconds", Value::I64(entropy.bits().cast_signed() % 62_135_596_800));
            message.set_field_by_name("nanos", Value::I32((entropy.bits() % 1_000_000_000) as i32));
        }
        "google.protobuf.Duration" => {
            let seconds = entropy.bits().cast_signed() % 315_576_000_000;
            message.set_field_by_name("seconds", Value::I64(seconds));
            let sign = if seconds < 0 { -1 } else { 1 };
            message.set_field_by_name("nanos", Value::I32((entropy.bits() % 1_000_000_000) as i32 * sign));
        }
        "google.protobuf.FieldMask" => {
            let paths = ["a", "foo_bar", "foo_bar.baz", "x1"];
            let paths =
                (0..entropy.below(3)).map(|_| Value::String(paths[entropy.below(paths.len())].to_owned())).collect();
            message.set_field_by_name("paths", Value::List(paths));
        }
        "google.protobuf.Any" => {
            let inner = ["everything.v1.Amount", "google.protobuf.Duration", EVERYTHING][entropy.below(3)];
            let inner = build(&super::descriptor(inner), entropy, depth + 1);
            let url = format!("type.googleapis.com/{}", inner.descriptor().full_name());
            message.set_field_by_name("type_url", Value::String(url));
            message.set_field_by_name("value", Value::Bytes(inner.encode_to_vec().into()));
        }
        "google.protobuf.Value" => {
            let members: Vec<_> = message.descriptor().fields().collect();
            let member = if depth > 4 { &members[0] } else { &members[entropy.below(members.len())] };
            let value = single(&member.kind(), entropy, depth);
            message.set_field(member, value);
        }
        _ => return false,
    }
    true
}

const EVERYTHING: &str = super::EVERYTHING;

/// The records of a message in another order.
pub(super) fn shuffled(wire: &[u8], entropy: &[u8]) -> Vec<u8> {
    let mut entropy = Entropy(entropy.iter());
    let mut records: Vec<&[u8]> = Vec::new();
    let mut rest = wire;
    while !rest.is_empty() {
        let mut reader = Reader::new(rest);
        reader.record().expect("is a message");
        let length = (1..=rest.len()).find(|length| is_one_record(&rest[..*length])).expect("a record has an end");
        records.push(&rest[..length]);
        rest = &rest[length..];
    }
    for at in (1..records.len()).rev() {
        records.swap(at, entropy.below(at + 1));
    }
    records.concat()
}

fn is_one_record(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    reader.record().is_ok_and(|record| record.is_some()) && reader.is_empty()
}

pub(super) fn assert_no_key_twice(text: &str) {
    fn check(json: &mut Json<'_>, text: &str) {
        let mut first = true;
        match json.start().expect("is JSON") {
            Start::Object => {
                json.open(b'{').expect("is JSON");
                let mut keys = std::collections::HashSet::new();
                while let Some(key) = json.member(&mut first).expect("is JSON") {
                    assert!(keys.insert(key.clone()), "{key} twice in {text}");
                    check(json, text);
                }
            }
            Start::Array => {
                json.open(b'[').expect("is JSON");
                while json.item(&mut first).expect("is JSON") {
                    check(json, text);
                }
            }
            _ => json.skip(0).expect("is JSON"),
        }
    }
    check(&mut Json::new(text), text);
}
