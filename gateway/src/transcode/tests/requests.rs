use super::*;
use crate::transcode::fault::Reason;

/// What our encoder makes of JSON, printed again.
fn again(json: &str) -> String {
    let wire = encode(EVERYTHING, json).unwrap_or_else(|fault| panic!("{fault:?} in {json}"));
    print(EVERYTHING, &wire).expect("what was encoded can be printed")
}

fn refused(json: &str) -> (Reason, String) {
    let fault = encode(EVERYTHING, json).expect_err(json);
    (fault.reason(), fault.path())
}

#[test]
fn names_are_taken_in_both_spellings_and_with_escapes() {
    assert_eq!(
        again(r#"{"int32Value":1,"string_value":"x","\u006fther\u004eame":"y"}"#),
        again(r#"{"int32_value":1,"stringValue":"x","renamed":"y"}"#)
    );
}

#[test]
fn a_name_given_twice_is_refused_in_whatever_spelling() {
    for json in [
        r#"{"int32Value":1,"int32Value":1}"#,
        r#"{"int32Value":1,"int32_value":1}"#,
        r#"{"int32Value":null,"int32Value":1}"#,
        r#"{"texts":{"a":"1","a":"2"}}"#,
        r#"{"int32Keys":{"1":"1","1e0":"2"}}"#,
        r#"{"object":{"a":1,"a":2}}"#,
        r#"{"any":{"@type":"x/everything.v1.Amount","@type":"x/everything.v1.Amount"}}"#,
        r#"{"distant":"a","distant":"b"}"#,
    ] {
        assert_eq!(refused(json).0, Reason::FieldSetTwice, "{json}");
    }
}

#[test]
fn unknown_names_are_refused_with_their_path() {
    assert_eq!(refused(r#"{"children":[{},{"nope":1}]}"#), (Reason::UnknownField, "children[1].nope".to_owned()));
    assert_eq!(
        refused(r#"{"named":{"k":{"child":{"x":1}}}}"#),
        (Reason::UnknownField, "named[\"k\"].child.x".to_owned())
    );
    assert_eq!(refused(r#"{"Int32Value":1}"#).0, Reason::UnknownField);
}

#[test]
fn numbers_are_taken_by_value_and_in_strings() {
    assert_eq!(
        again(r#"{"int32Value":"1e5","int64Value":100000.000,"uint64Value":"18446744073709551615"}"#),
        r#"{"int32Value":100000,"int64Value":"100000","uint64Value":"18446744073709551615"}"#
    );
    assert_eq!(
        again(r#"{"doubleValue":"-Infinity","floatValue":"1.5"}"#),
        r#"{"doubleValue":"-Infinity","floatValue":1.5}"#
    );
    assert_eq!(again(r#"{"doubleValue":-0}"#), r#"{"doubleValue":-0}"#);
    for json in [
        r#"{"int32Value":0.5}"#,
        r#"{"int32Value":""}"#,
        r#"{"int32Value":" 1"}"#,
        r#"{"int32Value":"12abc"}"#,
        r#"{"int32Value":2147483648}"#,
        r#"{"uint32Value":-1}"#,
        r#"{"int64Value":9223372036854775808}"#,
        r#"{"int32Value":true}"#,
        r#"{"int32Value":[1]}"#,
        r#"{"int32Value":{}}"#,
        r#"{"floatValue":3.502823e38}"#,
        r#"{"doubleValue":1e999}"#,
        r#"{"doubleValue":"inf"}"#,
        r#"{"doubleValue":true}"#,
        r#"{"int32Value":1e536870000}"#,
    ] {
        assert_eq!(refused(json).0, Reason::InvalidValue, "{json}");
    }
    assert_eq!(refused(r#"{"doubleValue":NaN}"#).0, Reason::MalformedJson);
}

#[test]
fn types_are_not_mixed_up() {
    for json in [
        r#"{"boolValue":"true"}"#,
        r#"{"boolValue":1}"#,
        r#"{"stringValue":1}"#,
        r#"{"bytesValue":"*"}"#,
        r#"{"strings":"a"}"#,
        r#"{"strings":{}}"#,
        r#"{"texts":[]}"#,
        r#"{"texts":{"a":1}}"#,
        r#"{"boolKeys":{"1":"RED"}}"#,
        r#"{"child":[]}"#,
        r#"{"color":"BLUE"}"#,
        r#"{"color":"red"}"#,
        r#"{"color":true}"#,
        r#"{"color":1.5}"#,
        r#"{"time":1}"#,
        r#"{"mask":"a_b"}"#,
        r#"{"legacy":{"level":9}}"#,
    ] {
        assert_eq!(refused(json).0, Reason::InvalidValue, "{json}");
    }
}

#[test]
fn enums_are_names_aliases_or_numbers() {
    assert_eq!(
        again(r#"{"colors":["CRIMSON",1,"DARK",-1,1e0,77]}"#),
        r#"{"colors":["RED","RED","DARK","DARK","RED",77]}"#
    );
}

#[test]
fn bytes_are_base64_of_either_alphabet_padded_or_not() {
    assert_eq!(again(r#"{"blobs":["-_","+/8=","_w","-_8"]}"#), r#"{"blobs":["+w==","+/8=","/w==","+/8="]}"#);
}

#[test]
fn null_is_absence_but_where_it_is_a_value() {
    assert_eq!(
        again(r#"{"int32Value":null,"child":null,"strings":null,"texts":null,"time":null,"wrappedInt32":null}"#),
        "{}"
    );
    assert_eq!(again(r#"{"value":null,"choiceNull":null}"#), r#"{"choiceNull":null,"value":null}"#);
    assert_eq!(again(r#"{"anyValues":[null,1],"values":{"a":null}}"#), r#"{"values":{"a":null},"anyValues":[null,1]}"#);
    for json in [r#"{"strings":[null]}"#, r#"{"texts":{"a":null}}"#, r#"{"children":[null]}"#, r#"{"times":[null]}"#] {
        assert_eq!(refused(json).0, Reason::InvalidValue, "{json}");
    }
}

#[test]
fn a_oneof_takes_one_member() {
    assert_eq!(refused(r#"{"choiceNumber":1,"choiceText":"x"}"#), (Reason::FieldSetTwice, "choiceText".to_owned()));
    assert_eq!(again(r#"{"choiceNumber":null,"choiceText":"x"}"#), r#"{"choiceText":"x"}"#);
    assert_eq!(refused(r#"{"choiceNumber":1,"choiceValue":null}"#).0, Reason::FieldSetTwice);
    assert_eq!(again(r#"{"choiceNumber":0}"#), r#"{"choiceNumber":"0"}"#);
}

#[test]
fn an_any_may_name_its_type_anywhere() {
    let url = "type.googleapis.com/everything.v1.Amount";
    assert_eq!(
        again(&format!(r#"{{"any":{{"unit":"kg","@type":"{url}"}}}}"#)),
        format!(r#"{{"any":{{"@type":"{url}","unit":"kg"}}}}"#)
    );
    assert_eq!(again(r#"{"any":{}}"#), r#"{"any":{}}"#);
    let nested =
        r#"{"any":{"@type":"x/google.protobuf.Any","value":{"@type":"x/google.protobuf.Duration","value":"1s"}}}"#;
    assert_eq!(again(nested), nested);
    for json in [
        r#"{"any":{"unit":"kg"}}"#,
        r#"{"any":{"@type":""}}"#,
        r#"{"any":{"@type":"everything.v1.Amount"}}"#,
        r#"{"any":{"@type":1}}"#,
        r#"{"any":{"@type":"x/no.Such"}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Duration"}}"#,
        r#"{"any":1}"#,
    ] {
        assert_eq!(refused(json).0, Reason::InvalidValue, "{json}");
    }
    assert_eq!(refused(r#"{"any":{"@type":"x/google.protobuf.Duration","value":"1s","x":1}}"#).0, Reason::UnknownField);
}

#[test]
fn groups_and_extensions_are_fields_like_others() {
    let json = r#"{"legacy":{"level":"LOW","inner":{"number":7,"outer":{"count":0}},"[everything.v1.note]":"x"}}"#;
    assert_eq!(again(json), json);
}

#[test]
fn whatever_is_around_the_value_is_refused() {
    for json in ["{} {}", "{}x", "\u{feff}{}", "[]", "1", "null", "", "{\"int32Value\":1,}"] {
        assert!(encode(EVERYTHING, json).is_err(), "{json}");
    }
}

#[test]
fn depth_is_bounded_everywhere() {
    let deep = |open: &str, close: &str, times: usize| format!("{}{}{}", open.repeat(times), "1", close.repeat(times));
    assert!(encode(EVERYTHING, &format!(r#"{{"value":{}}}"#, deep("[", "]", 98))).is_ok());
    for json in [
        format!(r#"{{"value":{}}}"#, deep("[", "]", 10_000)),
        format!(r#"{{"value":{}}}"#, deep("{\"a\":", "}", 10_000)),
        deep("{\"child\":", "}", 10_000),
        deep("{\"children\":[", "]}", 10_000),
        deep("{\"named\":{\"k\":", "}}", 10_000),
        deep("{\"any\":{\"@type\":\"x/google.protobuf.Any\",\"value\":", "}}", 2_000),
    ] {
        assert!(encode(EVERYTHING, &json).is_err(), "{json:.40}");
    }
}
