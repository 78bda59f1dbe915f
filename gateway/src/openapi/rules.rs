//! Field rules (`buf.validate`, `google.api.field_behavior`) as JSON Schema keywords.

use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage, Value};

use super::document::Schema;

/// What the options of a field say.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// It must be given.
    pub(super) required: bool,
    /// Set by the server.
    pub(super) output_only: bool,
    /// Never returned.
    pub(super) input_only: bool,
    rules: Option<DynamicMessage>,
}

impl Rules {
    /// Reads the options of a field.
    pub(super) fn of(field: &FieldDescriptor) -> Self {
        let options = field.options();
        let rules = extension(&options, "buf.validate.field").and_then(|value| value.as_message().cloned());
        let behaviour = extension(&options, "google.api.field_behavior");
        let has = |wanted: i32| {
            let list = behaviour.as_ref().and_then(Value::as_list).unwrap_or_default();
            list.iter().any(|value| value.as_enum_number() == Some(wanted))
        };
        let by_rule = rules.as_ref().and_then(|rules| flag(rules, "required")).unwrap_or(false);
        Self { required: by_rule || has(2), output_only: has(3), input_only: has(4), rules }
    }

    /// Adds the keywords to the schema of the field.
    pub(super) fn apply(&self, schema: &mut Schema) {
        if let Some(rules) = &self.rules {
            apply(rules, schema);
        }
        schema.read_only = self.output_only;
        schema.write_only = self.input_only;
    }
}

fn apply(rules: &DynamicMessage, schema: &mut Schema) {
    if let Some(text) = message(rules, "string") {
        string(&text, schema);
    }
    if let Some(numbers) = message(rules, "int32") {
        schema.minimum = signed(&numbers, "gte").or(schema.minimum);
        schema.maximum = signed(&numbers, "lte").or(schema.maximum);
        schema.exclusive_minimum = signed(&numbers, "gt");
        schema.exclusive_maximum = signed(&numbers, "lt");
    }
    if let Some(numbers) = message(rules, "int64") {
        // Numbers of 64 bits are strings, of which a pattern can say only the sign.
        let positive = signed(&numbers, "gt").is_some_and(|least| least >= 0);
        let natural = signed(&numbers, "gte").is_some_and(|least| least >= 0);
        if positive || natural {
            schema.pattern = Some(if positive { "^[1-9][0-9]{0,18}$" } else { "^[0-9]{1,19}$" }.to_owned());
        }
    }
    if let Some(list) = message(rules, "repeated") {
        schema.min_items = unsigned(&list, "min_items");
        schema.max_items = unsigned(&list, "max_items");
        if let (Some(rules), Some(items)) = (message(&list, "items"), schema.items.as_deref_mut()) {
            apply(&rules, items);
        }
    }
    if let Some(map) = message(rules, "map") {
        schema.min_properties = unsigned(&map, "min_pairs");
        schema.max_properties = unsigned(&map, "max_pairs");
        if let Some(rules) = message(&map, "keys") {
            let mut names = Schema::default();
            apply(&rules, &mut names);
            schema.property_names = Some(Box::new(names));
        }
        if let (Some(rules), Some(values)) = (message(&map, "values"), schema.additional_properties.as_deref_mut()) {
            apply(&rules, values);
        }
    }
}

fn string(rules: &DynamicMessage, schema: &mut Schema) {
    schema.min_length = unsigned(rules, "min_len").or(schema.min_length);
    schema.max_length = unsigned(rules, "max_len").or(schema.max_length);
    if let Some(pattern) = text(rules, "pattern") {
        schema.pattern = Some(pattern);
    }
    if let Some(values) = set(rules, "in").as_ref().and_then(Value::as_list) {
        schema.values = values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    }
    for format in ["email", "uuid"] {
        if flag(rules, format) == Some(true) {
            schema.format = Some(format);
        }
    }
}

fn extension(options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension = options.descriptor().parent_pool().get_extension_by_name(name)?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

fn set(rules: &DynamicMessage, name: &str) -> Option<Value> {
    rules.has_field_by_name(name).then(|| rules.get_field_by_name(name).map(std::borrow::Cow::into_owned))?
}

fn message(rules: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    set(rules, name)?.as_message().cloned()
}

fn flag(rules: &DynamicMessage, name: &str) -> Option<bool> {
    set(rules, name)?.as_bool()
}

fn text(rules: &DynamicMessage, name: &str) -> Option<String> {
    set(rules, name)?.as_str().map(str::to_owned)
}

fn unsigned(rules: &DynamicMessage, name: &str) -> Option<u64> {
    set(rules, name)?.as_u64()
}

fn signed(rules: &DynamicMessage, name: &str) -> Option<i64> {
    let value = set(rules, name)?;
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}
