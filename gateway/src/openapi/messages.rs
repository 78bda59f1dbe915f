//! Messages as JSON Schemas, as ProtoJSON prints them.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::{
    comments::Comments,
    document::{Ordered, Schema},
    rules::Rules,
};

/// The schema of all errors.
pub(super) const STATUS: &str = "google.rpc.Status";

/// The schemas that the document refers to, found as it is written.
pub(super) struct Messages<'c> {
    comments: &'c Comments,
    /// `None` while a schema is being written, for messages that hold themselves.
    schemas: BTreeMap<String, Option<Schema>>,
}

impl<'c> Messages<'c> {
    pub(super) fn new(comments: &'c Comments) -> Self {
        Self { comments, schemas: BTreeMap::new() }
    }

    /// All schemas.
    pub(super) fn finish(self) -> BTreeMap<String, Schema> {
        let mut schemas: BTreeMap<_, _> =
            self.schemas.into_iter().filter_map(|(name, schema)| Some((name, schema?))).collect();
        schemas.insert(STATUS.to_owned(), status());
        schemas
    }

    /// A reference to the message's schema, or its schema where it is a well-known type.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Schema {
        if let Some(schema) = well_known(message) {
            return schema;
        }
        let name = message.full_name().to_owned();
        if !self.schemas.contains_key(&name) {
            self.schemas.insert(name.clone(), None);
            let schema = self.object(message, |_| true, true);
            self.schemas.insert(name.clone(), Some(schema));
        }
        Schema::reference(&name)
    }

    /// An object of those fields of the message that are wanted.
    pub(super) fn object(
        &mut self,
        message: &MessageDescriptor,
        wanted: impl Fn(&FieldDescriptor) -> bool,
        required: bool,
    ) -> Schema {
        let mut object = Schema::of("object");
        object.description = self.comments.of_item(&message.parent_file(), message.path());
        for field in message.fields().filter(wanted) {
            if required && Rules::of(&field).required {
                object.required.push(field.json_name().to_owned());
            }
            object.properties.0.push((field.json_name().to_owned(), self.field(&field)));
        }
        let given: Vec<&str> = object.properties.0.iter().map(|(name, _)| name.as_str()).collect();
        let choices = message.oneofs().filter(|oneof| !oneof.is_synthetic()).map(|oneof| {
            let members = oneof.fields().map(|field| field.json_name().to_owned());
            members.filter(|name| given.contains(&name.as_str())).collect::<Vec<_>>()
        });
        object.all_of = choices.filter(|members| members.len() > 1).map(|members| at_most_one(&members)).collect();
        object
    }

    /// The schema of a field with its comment and its rules.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Schema {
        let mut schema = if field.is_map() {
            let Kind::Message(entry) = field.kind() else { return Schema::default() };
            let values = self.kind(&entry.map_entry_value_field().kind());
            Schema { additional_properties: Some(Box::new(values)), ..Schema::of("object") }
        } else if field.is_list() {
            Schema::array(self.kind(&field.kind()))
        } else {
            self.kind(&field.kind())
        };
        schema.description = self.comments.of_item(&field.parent_file(), field.path());
        schema.deprecated = field.field_descriptor_proto().options.as_ref().is_some_and(|options| options.deprecated());
        Rules::of(field).apply(&mut schema);
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Schema {
        match kind {
            Kind::Double => Schema { format: Some("double"), ..Schema::of("number") },
            Kind::Float => Schema { format: Some("float"), ..Schema::of("number") },
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Schema { format: Some("int32"), ..Schema::of("integer") },
            Kind::Uint32 | Kind::Fixed32 => {
                Schema { minimum: Some(0), maximum: Some(u32::MAX.into()), ..Schema::of("integer") }
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => long("int64", "^-?[0-9]{1,19}$"),
            Kind::Uint64 | Kind::Fixed64 => long("uint64", "^[0-9]{1,20}$"),
            Kind::Bool => Schema::of("boolean"),
            Kind::String => Schema::of("string"),
            Kind::Bytes => Schema { content_encoding: Some("base64"), ..Schema::of("string") },
            Kind::Enum(item) => self.enumeration(item),
            Kind::Message(message) => self.message(message),
        }
    }

    fn enumeration(&mut self, item: &EnumDescriptor) -> Schema {
        if item.full_name() == "google.protobuf.NullValue" {
            return Schema::of("null");
        }
        let mut description = self.comments.of_item(&item.parent_file(), item.path());
        let mut values = Vec::new();
        for value in item.values() {
            let comment = self.comments.of_item(&item.parent_file(), value.path()).replace('\n', " ");
            description.push_str(&format!("\n- `{}`: {comment}", value.name()));
            values.push(value.name().to_owned());
        }
        let schema = Schema { values, description: description.trim().to_owned(), ..Schema::of("string") };
        self.schemas.insert(item.full_name().to_owned(), Some(schema));
        Schema::reference(item.full_name())
    }
}

fn long(format: &'static str, pattern: &str) -> Schema {
    Schema { format: Some(format), pattern: Some(pattern.to_owned()), ..Schema::of("string") }
}

fn at_most_one(members: &[String]) -> Schema {
    let given = |name: &String| Schema { required: vec![name.clone()], ..Schema::default() };
    let none = Schema {
        not: Some(Box::new(Schema { any_of: members.iter().map(given).collect(), ..Schema::default() })),
        ..Schema::default()
    };
    Schema { one_of: members.iter().map(given).chain([none]).collect(), ..Schema::default() }
}

/// Whether the JSON of the message is one string, number or boolean.
pub(super) fn is_scalar(message: &MessageDescriptor) -> bool {
    well_known(message).is_some_and(|schema| matches!(schema.kind, Some("string" | "number" | "integer" | "boolean")))
}

/// The schema of a message that ProtoJSON gives a form of its own.
fn well_known(message: &MessageDescriptor) -> Option<Schema> {
    let described = |schema: Schema, description: &str| Schema { description: description.to_owned(), ..schema };
    Some(match message.full_name().strip_prefix("google.protobuf.")? {
        "Timestamp" => Schema { format: Some("date-time"), ..Schema::of("string") },
        "Duration" => {
            let pattern = Some("^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$".to_owned());
            described(Schema { pattern, ..Schema::of("string") }, "Seconds, for example `1.5s`.")
        }
        "FieldMask" => {
            described(Schema::of("string"), "Paths of fields with commas, for example `title,price.amountMinor`.")
        }
        "Struct" => Schema::of("object"),
        "Value" => Schema::default(),
        "ListValue" => Schema::array(Schema::default()),
        "Any" => {
            let url = described(Schema::of("string"), "The type, as `type.googleapis.com/` and its full name.");
            Schema {
                properties: Ordered(vec![("@type".to_owned(), url)]),
                required: vec!["@type".to_owned()],
                ..Schema::of("object")
            }
        }
        "Empty" => Schema::of("object"),
        "DoubleValue" | "FloatValue" => Schema::of("number"),
        "Int32Value" | "UInt32Value" => Schema::of("integer"),
        "Int64Value" => long("int64", "^-?[0-9]{1,19}$"),
        "UInt64Value" => long("uint64", "^[0-9]{1,20}$"),
        "BoolValue" => Schema::of("boolean"),
        "StringValue" => Schema::of("string"),
        "BytesValue" => Schema { content_encoding: Some("base64"), ..Schema::of("string") },
        _ => return None,
    })
}

/// `google.rpc.Status` as every error has it.
fn status() -> Schema {
    let described = |schema: Schema, description: &str| Schema { description: description.to_owned(), ..schema };
    let detail = Schema {
        properties: Ordered(vec![
            ("@type".to_owned(), described(Schema::of("string"), "The type of the detail.")),
            (
                "reason".to_owned(),
                described(Schema::of("string"), "Of a `google.rpc.ErrorInfo`: the stable reason. Match on it."),
            ),
            (
                "metadata".to_owned(),
                described(
                    Schema { additional_properties: Some(Box::new(Schema::of("string"))), ..Schema::of("object") },
                    "Of a `google.rpc.ErrorInfo`: facts that help to act.",
                ),
            ),
        ]),
        required: vec!["@type".to_owned()],
        ..Schema::of("object")
    };
    Schema {
        description: "What went wrong.".to_owned(),
        properties: Ordered(vec![
            ("code".to_owned(), described(Schema { format: Some("int32"), ..Schema::of("integer") }, "The gRPC code.")),
            ("message".to_owned(), described(Schema::of("string"), "For people; it may change.")),
            (
                "details".to_owned(),
                described(Schema::array(detail), "For programs: `google.rpc.ErrorInfo` and others."),
            ),
        ]),
        required: ["code", "message", "details"].map(str::to_owned).to_vec(),
        ..Schema::of("object")
    }
}
