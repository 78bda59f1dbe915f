//! Both directions against each other, and against prost-reflect, which builds messages in between.

mod arbitrary;
mod requests;
mod responses;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;

use super::{
    fault::Result,
    json::Json,
    request::{Encoder, scope::Scope},
    response::{self, Printer},
};
use crate::testing::{pool, schema};

const EVERYTHING: &str = "everything.v1.Everything";

fn descriptor(name: &str) -> MessageDescriptor {
    pool().get_message_by_name(name).expect("the test contract has the message")
}

/// Prints with our tables.
fn print(name: &str, wire: &[u8]) -> std::result::Result<String, response::Error> {
    let mut out = Vec::new();
    Printer::new(schema()).message(schema().find(name).expect("has it"), wire, &mut out)?;
    Ok(String::from_utf8(out).expect("JSON is text"))
}

/// Encodes with our tables.
fn encode(name: &str, json: &str) -> Result<Vec<u8>> {
    Encoder::new(schema(), Json::new(json), Vec::new()).message(schema().find(name).expect("has it"), Scope::NONE)
}

/// Prints with the oracle.
fn oracle_text(message: &DynamicMessage) -> String {
    try_oracle_text(message).expect("is printable")
}

fn try_oracle_text(message: &DynamicMessage) -> serde_json::Result<String> {
    let mut out = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut out), &SerializeOptions::new())?;
    Ok(String::from_utf8(out).expect("JSON is text"))
}

/// What the oracle prints, numbers by value. Compares messages too: the bytes of an Any may be in any order.
fn oracle_print(message: &DynamicMessage) -> Value {
    normal(serde_json::from_str(&oracle_text(message)).expect("is JSON"))
}

/// Reads with the oracle.
fn oracle_read(name: &str, json: &str) -> std::result::Result<DynamicMessage, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let message =
        DynamicMessage::deserialize_with_options(descriptor(name), &mut deserializer, &DeserializeOptions::new())?;
    deserializer.end()?;
    Ok(message)
}

/// Numbers by value: `1` and `1.0` are the same, and so are doubles that differ by what serde_json rounds off.
fn normal(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(format!("{:.12e}", number.as_f64().expect("is finite"))),
        Value::Array(items) => items.into_iter().map(normal).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, normal(value))).collect(),
        other => other,
    }
}

fn decode(name: &str, wire: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(descriptor(name), Bytes::copy_from_slice(wire)).expect("is a message")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_is_what_the_oracle_prints(entropy in arbitrary::entropy()) {
        let message = arbitrary::message(&descriptor(EVERYTHING), &entropy);
        let printed = print(EVERYTHING, &message.encode_to_vec()).expect("is printable");
        let value: Value = serde_json::from_str(&printed).expect("is JSON");
        prop_assert_eq!(normal(value), oracle_print(&message), "{}", printed);
    }

    #[test]
    fn records_in_any_order_and_number_print_each_key_once(entropy in arbitrary::entropy(), more in arbitrary::entropy()) {
        let one = arbitrary::message(&descriptor(EVERYTHING), &entropy);
        let other = arbitrary::message(&descriptor(EVERYTHING), &more);
        let wire = arbitrary::shuffled(&[one.encode_to_vec(), other.encode_to_vec()].concat(), &more);
        // Two Any merged may be the type of one with the value of the other, which the oracle cannot print.
        prop_assume!(try_oracle_text(&decode(EVERYTHING, &wire)).is_ok());
        let printed = print(EVERYTHING, &wire).expect("is printable");
        arbitrary::assert_no_key_twice(&printed);
        let value: Value = serde_json::from_str(&printed).expect("is JSON");
        prop_assert_eq!(normal(value), oracle_print(&decode(EVERYTHING, &wire)), "{}", printed);
    }

    #[test]
    fn what_the_oracle_prints_is_encoded_as_it_was(entropy in arbitrary::entropy()) {
        let message = arbitrary::message(&descriptor(EVERYTHING), &entropy);
        let json = oracle_text(&message);
        let wire = encode(EVERYTHING, &json).map_err(|fault| TestCaseError::fail(format!("{fault:?} in {json}")))?;
        prop_assert_eq!(oracle_print(&decode(EVERYTHING, &wire)), oracle_print(&message), "{}", json);
    }

    #[test]
    fn what_we_print_we_encode_as_it_was(entropy in arbitrary::entropy()) {
        let message = arbitrary::message(&descriptor(EVERYTHING), &entropy);
        let json = print(EVERYTHING, &message.encode_to_vec()).expect("is printable");
        let wire = encode(EVERYTHING, &json).map_err(|fault| TestCaseError::fail(format!("{fault:?} in {json}")))?;
        prop_assert_eq!(oracle_print(&decode(EVERYTHING, &wire)), oracle_print(&message), "{}", json);
    }

    /// Where the oracle and we both take damaged JSON, we take it for the same message.
    #[test]
    fn damaged_json_is_refused_or_means_the_same(
        entropy in arbitrary::entropy(),
        at: prop::sample::Index,
        with in "[\\[\\]{}:,\"\\\\a0-9.eE+\\-nul ]{0,3}",
    ) {
        let mut json = oracle_text(&arbitrary::message(&descriptor(EVERYTHING), &entropy));
        let at = at.index(json.len());
        let end = json.len().min(at + with.len());
        if json.is_char_boundary(at) && json.is_char_boundary(end) {
            json.replace_range(at..end, &with);
        }
        if let (Ok(wire), Ok(message)) = (encode(EVERYTHING, &json), oracle_read(EVERYTHING, &json)) {
            prop_assert_eq!(oracle_print(&decode(EVERYTHING, &wire)), oracle_print(&message), "{}", json);
        }
    }

    /// Whatever an upstream sends, printing it gives JSON or an error.
    #[test]
    fn damaged_messages_are_refused_or_print_json(
        entropy in arbitrary::entropy(),
        at: prop::sample::Index,
        with: u8,
    ) {
        let mut wire = arbitrary::message(&descriptor(EVERYTHING), &entropy).encode_to_vec();
        if !wire.is_empty() {
            let at = at.index(wire.len());
            wire[at] = with;
        }
        if let Ok(printed) = print(EVERYTHING, &wire) {
            arbitrary::assert_no_key_twice(&printed);
            prop_assert!(serde_json::from_str::<Value>(&printed).is_ok(), "{}", printed);
        }
    }
}
