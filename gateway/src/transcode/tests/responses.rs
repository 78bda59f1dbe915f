use super::*;
use crate::transcode::{
    response::Error,
    wire::{Length, push_bytes, push_tag, push_varint},
};

/// Builds a message record by record.
#[derive(Default)]
struct Wire(Vec<u8>);

impl Wire {
    fn varint(mut self, number: u32, value: u64) -> Self {
        push_tag(&mut self.0, number, 0);
        push_varint(&mut self.0, value);
        self
    }

    fn bytes(mut self, number: u32, bytes: impl AsRef<[u8]>) -> Self {
        push_tag(&mut self.0, number, 2);
        push_bytes(&mut self.0, bytes.as_ref());
        self
    }

    fn group(mut self, number: u32, content: &Self) -> Self {
        push_tag(&mut self.0, number, 3);
        self.0.extend_from_slice(&content.0);
        push_tag(&mut self.0, number, 4);
        self
    }

    fn prints(&self, name: &str, json: &str) {
        assert_eq!(print(name, &self.0).as_deref(), Ok(json));
    }

    fn fails(&self, name: &str) -> Error {
        print(name, &self.0).expect_err("has no JSON form")
    }
}

fn wire() -> Wire {
    Wire::default()
}

#[test]
fn names_are_json_names_and_numbers_of_64_bits_are_strings() {
    let message = wire().varint(3, 7).varint(4, u64::MAX).varint(16, 1).bytes(101, "x").bytes(100_000, "far");
    message.prints(EVERYTHING, r#"{"int32Value":7,"int64Value":"-1","color":"RED","otherName":"x","distant":"far"}"#);
}

#[test]
fn unknown_enum_numbers_are_numbers_and_unknown_fields_are_nothing() {
    wire().varint(16, 77).bytes(9999, "?").varint(9998, 3).prints(EVERYTHING, r#"{"color":77}"#);
    wire().varint(16, u64::MAX).prints(EVERYTHING, r#"{"color":"DARK"}"#);
}

#[test]
fn a_default_is_printed_only_where_the_field_has_presence() {
    let message =
        wire().varint(3, 0).bytes(14, "").varint(16, 0).varint(18, 0).bytes(19, "").varint(20, 0).varint(21, 0);
    message
        .prints(EVERYTHING, r#"{"maybeInt32":0,"maybeString":"","maybeColor":"COLOR_UNSPECIFIED","choiceNumber":"0"}"#);
}

#[test]
fn of_a_singular_field_the_last_value_counts_and_messages_merge() {
    wire().varint(3, 1).varint(3, 2).prints(EVERYTHING, r#"{"int32Value":2}"#);
    wire().varint(3, 1).varint(3, 0).prints(EVERYTHING, "{}");
    let (one, other) = (wire().varint(3, 1).bytes(36, "a"), wire().varint(13, 1).bytes(36, "b"));
    let merged = wire().bytes(17, one.0).varint(3, 5).bytes(17, other.0);
    merged.prints(EVERYTHING, r#"{"int32Value":5,"child":{"int32Value":1,"boolValue":true,"strings":["a","b"]}}"#);
}

#[test]
fn of_a_oneof_only_the_member_set_last_is_printed() {
    wire().varint(21, 1).bytes(22, "x").prints(EVERYTHING, r#"{"choiceText":"x"}"#);
    wire().bytes(22, "x").varint(21, 1).prints(EVERYTHING, r#"{"choiceNumber":"1"}"#);
    // What was merged before another member was set is gone.
    let child = |number| wire().varint(number, 1).0;
    let message = wire().bytes(23, child(3)).bytes(22, "x").bytes(23, child(5));
    message.prints(EVERYTHING, r#"{"choiceChild":{"uint32Value":1}}"#);
}

#[test]
fn lists_are_read_packed_unpacked_and_in_pieces() {
    wire().bytes(32, [1, 2]).varint(32, 3).bytes(32, [4]).prints(EVERYTHING, r#"{"int32s":[1,2,3,4]}"#);
    wire().varint(32, 1).bytes(36, "x").varint(32, 2).prints(EVERYTHING, r#"{"int32s":[1,2],"strings":["x"]}"#);
    wire().bytes(32, []).prints(EVERYTHING, "{}");
    wire().bytes(40, [1, 0, 0, 0]).prints(EVERYTHING, r#"{"unpacked":[1]}"#);
}

#[test]
fn the_key_of_a_map_is_printed_once_with_its_last_value() {
    let entry = |key: &str, value: &str| wire().bytes(1, key).bytes(2, value).0;
    let message = wire().bytes(41, entry("b", "1")).bytes(41, entry("a", "2")).bytes(41, entry("b", "3"));
    message.prints(EVERYTHING, r#"{"texts":{"a":"2","b":"3"}}"#);
    wire().bytes(41, wire().0).prints(EVERYTHING, r#"{"texts":{"":""}}"#);
    wire().bytes(42, wire().bytes(1, "k").0).prints(EVERYTHING, r#"{"named":{"k":{}}}"#);
    wire().bytes(44, wire().varint(1, 1).0).prints(EVERYTHING, r#"{"boolKeys":{"true":"COLOR_UNSPECIFIED"}}"#);
}

#[test]
fn the_value_of_a_map_entry_may_come_in_pieces() {
    let (one, other) = (wire().varint(3, 1).0, wire().varint(13, 1).0);
    let entry = wire().bytes(1, "k").bytes(2, one).bytes(2, other).0;
    wire().bytes(42, entry).prints(EVERYTHING, r#"{"named":{"k":{"int32Value":1,"boolValue":true}}}"#);
}

#[test]
fn a_closed_enum_drops_the_numbers_it_does_not_name() {
    const LEGACY: &str = "everything.v1.Legacy";
    wire().varint(1, 9).varint(2, 1).varint(2, 9).varint(2, 2).prints(LEGACY, r#"{"levels":["LOW","HIGH"]}"#);
    wire().varint(2, 9).prints(LEGACY, "{}");
}

#[test]
fn groups_and_extensions_are_fields_like_others() {
    const LEGACY: &str = "everything.v1.Legacy";
    let inner = wire().varint(1, 7);
    let message = wire().group(3, &inner).varint(4, 0).bytes(100, "x");
    message.prints(LEGACY, r#"{"inner":{"number":7},"count":0,"[everything.v1.note]":"x"}"#);
}

#[test]
fn numbers_that_json_has_none_for_are_strings() {
    let mut bytes = Vec::new();
    push_tag(&mut bytes, 1, 1);
    bytes.extend(f64::NAN.to_le_bytes());
    push_tag(&mut bytes, 2, 5);
    bytes.extend(f32::NEG_INFINITY.to_le_bytes());
    Wire(bytes).prints(EVERYTHING, r#"{"doubleValue":"NaN","floatValue":"-Infinity"}"#);
}

#[test]
fn well_known_types_have_their_own_forms() {
    wire().bytes(51, wire().varint(1, 1).0).prints(EVERYTHING, r#"{"time":"1970-01-01T00:00:01Z"}"#);
    wire().bytes(52, wire().varint(2, 5_000_000).0).prints(EVERYTHING, r#"{"duration":"0.005s"}"#);
    wire().bytes(53, wire().bytes(1, "a_b").bytes(1, "c.d").0).prints(EVERYTHING, r#"{"mask":"aB,c.d"}"#);
    wire().bytes(54, []).bytes(56, []).bytes(58, []).prints(EVERYTHING, r#"{"object":{},"list":[],"empty":{}}"#);
    wire().bytes(73, []).bytes(79, []).prints(EVERYTHING, r#"{"wrappedInt64":"0","wrappedBytes":""}"#);
    wire().bytes(55, wire().varint(1, 0).0).varint(24, 0).prints(EVERYTHING, r#"{"choiceNull":null,"value":null}"#);
    let bool_value = wire().varint(4, 1).0;
    let list = wire().bytes(1, &bool_value).bytes(1, wire().bytes(3, "x").0).0;
    wire().bytes(55, wire().bytes(6, list).0).prints(EVERYTHING, r#"{"value":[true,"x"]}"#);
}

#[test]
fn an_any_prints_what_it_holds() {
    let amount = wire().bytes(1, "kg").0;
    let any = wire().bytes(1, "type.googleapis.com/everything.v1.Amount").bytes(2, amount);
    wire()
        .bytes(57, any.0)
        .prints(EVERYTHING, r#"{"any":{"@type":"type.googleapis.com/everything.v1.Amount","unit":"kg"}}"#);
    let any = wire().bytes(1, "x/google.protobuf.Duration").bytes(2, wire().varint(1, 1).0);
    wire().bytes(57, any.0).prints(EVERYTHING, r#"{"any":{"@type":"x/google.protobuf.Duration","value":"1s"}}"#);
    wire().bytes(57, []).prints(EVERYTHING, r#"{"any":{}}"#);
    let any = wire().bytes(1, "x/no.Such").bytes(2, "a").0;
    assert_eq!(wire().bytes(57, &any).fails(EVERYTHING), Error::UnknownType("x/no.Such".to_owned()));

    let mut out = Vec::new();
    let id = schema().find("google.protobuf.Any").expect("has it");
    Printer::of_details(schema()).message(id, &any, &mut out).expect("is opaque");
    assert_eq!(out, br#"{"@type":"x/no.Such","value":"YQ=="}"#);
}

#[test]
fn what_has_no_json_form_is_an_error() {
    assert_eq!(wire().bytes(14, [0xff]).fails(EVERYTHING), Error::Malformed(crate::transcode::wire::Malformed));
    assert!(matches!(wire().bytes(51, wire().varint(2, u64::MAX).0).fails(EVERYTHING), Error::OutOfRange(_)));
    assert!(matches!(wire().bytes(53, wire().bytes(1, "aB").0).fails(EVERYTHING), Error::OutOfRange(_)));
    assert_eq!(wire().bytes(55, []).fails(EVERYTHING), Error::NoValue);
    let mut nan = Vec::new();
    push_tag(&mut nan, 2, 1);
    nan.extend(f64::NAN.to_le_bytes());
    assert_eq!(wire().bytes(55, nan).fails(EVERYTHING), Error::NoValue);
}

#[test]
fn depth_is_bounded() {
    let mut bytes = Vec::new();
    for _ in 0..99 {
        let mut outer = Vec::new();
        push_tag(&mut outer, 17, 2);
        let length = Length::open(&mut outer);
        outer.extend(&bytes);
        length.close(&mut outer);
        bytes = outer;
    }
    assert!(print(EVERYTHING, &bytes).is_ok());
    assert_eq!(wire().bytes(17, bytes).fails(EVERYTHING), Error::TooDeep);
}

#[test]
fn one_field_can_be_the_whole_reply() {
    let field = |number, wire: &Wire| {
        let id = schema().find(EVERYTHING).expect("has it");
        let (slot, _) = schema().message(id).by_number(number).expect("has it");
        let mut out = Vec::new();
        Printer::new(schema()).field(id, slot, &wire.0, &mut out).expect("is printable");
        String::from_utf8(out).expect("is text")
    };
    let message = wire().bytes(36, "a").varint(3, 1).bytes(36, "b");
    assert_eq!(field(36, &message), r#"["a","b"]"#);
    assert_eq!(field(3, &message), "1");
    assert_eq!(field(41, &message), "{}");
    assert_eq!(field(37, &message), "[]");
    assert_eq!(field(17, &message), "{}");
    assert_eq!(field(51, &message), "null");
    assert_eq!(field(4, &message), "\"0\"");
}
