//! Descriptors to tables.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor,
    Kind as Reflected, MessageDescriptor, ReflectMessage, Syntax, Value,
};

use super::{EnumId, Enumeration, Field, Kind, Label, Message, MessageId, Schema, Shape, Slot};

/// Field numbers below this are looked up by index.
const DENSE: u32 = 256;
/// `google.api.FieldBehavior.OUTPUT_ONLY`.
const OUTPUT_ONLY: i32 = 3;

impl Schema {
    /// Compiles all messages of a pool.
    pub(crate) fn compile(pool: &DescriptorPool) -> Self {
        let ids = Ids {
            messages: pool
                .all_messages()
                .zip(0..)
                .map(|(message, id)| (message.full_name().into(), MessageId(id)))
                .collect(),
            enums: pool.all_enums().zip(0..).map(|(item, id)| (item.full_name().to_owned(), EnumId(id))).collect(),
        };
        let messages = pool.all_messages().map(|descriptor| message(&ids, &descriptor)).collect();
        let enums = pool.all_enums().map(|descriptor| enumeration(&descriptor)).collect();
        Self { messages, enums, names: ids.messages }
    }
}

struct Ids {
    messages: HashMap<Box<str>, MessageId>,
    enums: HashMap<String, EnumId>,
}

impl Ids {
    fn kind(&self, kind: &Reflected, group: bool) -> Kind {
        match kind {
            Reflected::Double => Kind::Double,
            Reflected::Float => Kind::Float,
            Reflected::Int32 => Kind::Int32,
            Reflected::Int64 => Kind::Int64,
            Reflected::Uint32 => Kind::Uint32,
            Reflected::Uint64 => Kind::Uint64,
            Reflected::Sint32 => Kind::Sint32,
            Reflected::Sint64 => Kind::Sint64,
            Reflected::Fixed32 => Kind::Fixed32,
            Reflected::Fixed64 => Kind::Fixed64,
            Reflected::Sfixed32 => Kind::Sfixed32,
            Reflected::Sfixed64 => Kind::Sfixed64,
            Reflected::Bool => Kind::Bool,
            Reflected::String => Kind::String,
            Reflected::Bytes => Kind::Bytes,
            Reflected::Enum(item) => Kind::Enum(self.enums[item.full_name()]),
            Reflected::Message(message) if group => Kind::Group(self.messages[message.full_name()]),
            Reflected::Message(message) => Kind::Message(self.messages[message.full_name()]),
        }
    }
}

fn message(ids: &Ids, descriptor: &MessageDescriptor) -> Message {
    let mut fields: Vec<Field> = descriptor.fields().map(|field_descriptor| field(ids, &field_descriptor)).collect();
    fields.extend(descriptor.extensions().map(|extension_descriptor| extension(ids, &extension_descriptor)));
    fields.sort_by_key(|field| field.number);
    let mut slots: HashMap<Box<str>, Slot> = HashMap::new();
    for (slot, field) in fields.iter().enumerate() {
        slots.insert(field.proto_name.clone(), slot);
    }
    // Where one field's JSON name is another's proto name, JSON names win.
    for (slot, field) in fields.iter().enumerate() {
        slots.insert(field.json_name.clone(), slot);
    }
    let largest = fields.iter().map(|field| field.number).filter(|number| *number < DENSE).max().unwrap_or(0);
    let complete = fields.last().is_none_or(|field| field.number < DENSE);
    let mut dense = vec![0; if complete { DENSE } else { largest + 1 } as usize];
    for (field, slot) in fields.iter().zip(1..) {
        if let Some(entry) = dense.get_mut(field.number as usize) {
            *entry = slot;
        }
    }
    let always = fields.iter().zip(0..).filter(|(field, _)| field.always).map(|(_, slot)| slot).collect();
    Message { name: descriptor.full_name().into(), shape: shape(descriptor.full_name()), fields, always, dense, slots }
}

fn field(ids: &Ids, descriptor: &FieldDescriptor) -> Field {
    let label = match () {
        () if descriptor.is_map() => Label::Map,
        () if descriptor.is_list() => Label::Repeated { packed: descriptor.is_packed() },
        () if descriptor.supports_presence() => Label::Explicit,
        () => Label::Implicit,
    };
    Field {
        number: descriptor.number(),
        kind: ids.kind(&descriptor.kind(), descriptor.is_group()),
        label,
        oneof: descriptor.containing_oneof().and_then(|oneof| {
            let position = descriptor.parent_message().oneofs().position(|other| other == oneof)?;
            u8::try_from(position).ok()
        }),
        key: key(descriptor.json_name()),
        json_name: descriptor.json_name().into(),
        proto_name: descriptor.name().into(),
        output_only: is_output_only(&descriptor.options()),
        always: is_always_printed(&descriptor.options()),
    }
}

fn extension(ids: &Ids, descriptor: &ExtensionDescriptor) -> Field {
    let repeated = descriptor.cardinality() == Cardinality::Repeated;
    Field {
        number: descriptor.number(),
        kind: ids.kind(&descriptor.kind(), descriptor.is_group()),
        label: if repeated { Label::Repeated { packed: descriptor.is_packed() } } else { Label::Explicit },
        oneof: None,
        key: key(descriptor.json_name()),
        json_name: descriptor.json_name().into(),
        proto_name: descriptor.json_name().into(),
        output_only: false,
        always: false,
    }
}

fn key(json_name: &str) -> Box<[u8]> {
    let mut key = vec![b','];
    crate::transcode::text::push_string(&mut key, json_name);
    key.push(b':');
    key.into()
}

fn is_output_only(options: &DynamicMessage) -> bool {
    let pool = options.descriptor().parent_pool().clone();
    let Some(behaviour) = pool.get_extension_by_name("google.api.field_behavior") else { return false };
    let value = options.get_extension(&behaviour);
    value.as_list().is_some_and(|list| list.iter().any(|item| Value::as_enum_number(item) == Some(OUTPUT_ONLY)))
}

/// By our own option, which contracts of others do not have.
fn is_always_printed(options: &DynamicMessage) -> bool {
    let pool = options.descriptor().parent_pool().clone();
    let Some(always) = pool.get_extension_by_name("ultramarket.options.v1.always_in_json") else { return false };
    options.get_extension(&always).as_bool().unwrap_or(false)
}

fn shape(full_name: &str) -> Shape {
    match full_name.strip_prefix("google.protobuf.") {
        Some("Timestamp") => Shape::Timestamp,
        Some("Duration") => Shape::Duration,
        Some("FieldMask") => Shape::FieldMask,
        Some("Struct") => Shape::Struct,
        Some("Value") => Shape::Value,
        Some("ListValue") => Shape::ListValue,
        Some("Any") => Shape::Any,
        Some(
            "DoubleValue" | "FloatValue" | "Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value" | "BoolValue"
            | "StringValue" | "BytesValue",
        ) => Shape::Wrapper,
        _ => Shape::Plain,
    }
}

fn enumeration(descriptor: &EnumDescriptor) -> Enumeration {
    let mut values = BTreeMap::new();
    let mut numbers = HashMap::new();
    // In the order of declaration: of several names for a number, the first is printed.
    for value in &descriptor.enum_descriptor_proto().value {
        values.entry(value.number()).or_insert_with(|| format!("\"{}\"", value.name()).into_boxed_str());
        numbers.insert(value.name().into(), value.number());
    }
    Enumeration {
        name: descriptor.full_name().into(),
        null: descriptor.full_name() == "google.protobuf.NullValue",
        closed: descriptor.parent_file().syntax() == Syntax::Proto2,
        values: values.into_iter().collect(),
        numbers,
    }
}
