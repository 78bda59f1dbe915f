use super::*;
use crate::{
    testing::schema,
    transcode::{fault::Reason, response::Printer},
};

/// A rule of the test contract.
struct Rule {
    message: &'static str,
    template: &'static str,
    body: &'static str,
    patch: bool,
}

impl Rule {
    const fn of(message: &'static str, template: &'static str, body: &'static str) -> Self {
        Self { message, template, body, patch: false }
    }

    fn compile(&self) -> std::result::Result<Binding, String> {
        let template = Template::parse(self.template).expect("is a template");
        let input = schema().find(self.message).expect("has it");
        Binding::compile(schema(), input, &template, self.body, self.patch)
    }

    /// What a request means, as JSON, or why it is refused.
    fn try_request(&self, target: &str, body: &str, if_match: Option<&str>) -> Result<String> {
        let binding = self.compile().expect("is a rule");
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let prefix = binding.bind(schema(), path, query, if_match)?;
        let wire = binding.encode(schema(), &prefix, body.as_bytes(), "text/x-test", Vec::new())?;
        let mut out = Vec::new();
        let input = schema().find(self.message).expect("has it");
        Printer::new(schema()).message(input, &wire, &mut out).expect("what was encoded can be printed");
        Ok(String::from_utf8(out).expect("is text"))
    }

    fn request(&self, target: &str, body: &str) -> String {
        self.try_request(target, body, None).unwrap_or_else(|fault| panic!("{fault:?} for {target} {body}"))
    }

    fn refuses(&self, target: &str, body: &str) -> (Reason, String) {
        let fault = self.try_request(target, body, None).expect_err(target);
        (fault.reason(), fault.path())
    }
}

const EVERYTHING: &str = "everything.v1.Everything";
const GET: Rule = Rule::of(EVERYTHING, "/v1/{int64_value}", "");
const UPDATE: Rule =
    Rule { patch: true, ..Rule::of("everything.v1.UpdateThingRequest", "/v1/{thing.name=things/*}", "thing") };

#[test]
fn a_variable_is_decoded_by_how_many_segments_it_may_have() {
    let one = Rule::of(EVERYTHING, "/v1/{string_value}", "");
    assert_eq!(one.request("/v1/a%2Fb%20%2541+", ""), r#"{"stringValue":"a/b %41+"}"#);
    let many = Rule::of(EVERYTHING, "/v1/{string_value=**}:verb", "");
    assert_eq!(many.request("/v1/a%2fb/c%20d:verb", ""), r#"{"stringValue":"a%2fb/c d"}"#);
    assert_eq!(many.request("/v1:verb", ""), "{}");
    assert_eq!(many.refuses("/v1//a:verb", "").0, Reason::MalformedPath);
    assert_eq!(one.refuses("/v1/%ff", "").0, Reason::MalformedPath);
}

#[test]
fn values_of_the_path_are_of_their_fields_types() {
    assert_eq!(GET.request("/v1/-7", ""), r#"{"int64Value":"-7"}"#);
    assert_eq!(GET.refuses("/v1/x", ""), (Reason::InvalidValue, "int64Value".to_owned()));
    let times = Rule::of(EVERYTHING, "/v1/{time}/{color}/{wrapped_bool}/{child.bool_value}", "");
    assert_eq!(
        times.request("/v1/2026-11-20T16:30:00Z/RED/true/true", ""),
        r#"{"color":"RED","child":{"boolValue":true},"time":"2026-11-20T16:30:00Z","wrappedBool":true}"#
    );
    assert_eq!(times.refuses("/v1/x/RED/true/true", "").1, "time");
}

#[test]
fn parameters_name_fields_in_both_spellings_and_reach_into_messages() {
    assert_eq!(
        GET.request(
            "/v1/1?int32Value=3&string_value=a+b%2B&child.child.boolValue=true&strings=x&strings=y&child.int32s=1",
            ""
        ),
        r#"{"int32Value":3,"int64Value":"1","stringValue":"a b+","child":{"child":{"boolValue":true},"int32s":[1]},"strings":["x","y"]}"#
    );
    assert_eq!(
        GET.request("/v1/1?texts%5Ba.b%5D=c&texts[d]=e&int32Keys[7]=8", ""),
        r#"{"int64Value":"1","texts":{"a.b":"c","d":"e"},"int32Keys":{"7":"8"}}"#
    );
    assert_eq!(
        GET.request("/v1/1?time=2026-11-20T16:30:00Z&duration=1.5s&mask=aB,c&color=1&bytesValue=-_8&doubleValue=NaN&wrappedInt32=0", ""),
        r#"{"doubleValue":"NaN","int64Value":"1","bytesValue":"+/8=","color":"RED","time":"2026-11-20T16:30:00Z","duration":"1.500s","mask":"aB,c","wrappedInt32":0}"#
    );
    assert_eq!(
        GET.request(r#"/v1/1?object={"a":[null]}&value=%22x%22"#, ""),
        r#"{"int64Value":"1","object":{"a":[null]},"value":"x"}"#
    );
    assert_eq!(GET.request("/v1/1?stringValue&maybeString=&=x&&", ""), r#"{"int64Value":"1","maybeString":""}"#);
}

#[test]
fn parameters_that_name_no_field_are_refused_but_for_those_of_tools() {
    assert_eq!(GET.request("/v1/1?utm_source=x&key=y&access_token=z&$alt=json", ""), r#"{"int64Value":"1"}"#);
    for name in [
        "nope",
        "child.nope",
        "int32Value.x",
        "strings.x",
        "time.seconds",
        "texts",
        "texts[a",
        "texts[a]b",
        "stringValue[a]",
    ] {
        assert_eq!(GET.refuses(&format!("/v1/1?{name}=1"), ""), (Reason::UnknownParameter, name.to_owned()));
    }
    for query in ["child=x", "any={}", "children=x", "int32Value=x", "boolValue=1", "boolValue=True", "color=red"] {
        assert_eq!(GET.refuses(&format!("/v1/1?{query}"), "").0, Reason::InvalidValue, "{query}");
    }
    assert_eq!(GET.refuses("/v1/1?stringValue=%zz", "").0, Reason::MalformedQuery);
    let many = vec!["strings=a"; 1_001].join("&");
    assert_eq!(GET.refuses(&format!("/v1/1?{many}"), "").0, Reason::MalformedQuery);
}

#[test]
fn a_field_comes_from_one_place() {
    for query in [
        "int64Value=1",
        "int32Value=1&int32_value=1",
        "texts[a]=1&texts[a]=2",
        "choiceNumber=1&choiceText=x",
        "child.choiceNumber=1&child.choiceText=x",
        "int64_value=2",
    ] {
        assert_eq!(GET.refuses(&format!("/v1/1?{query}"), "").0, Reason::FieldSetTwice, "{query}");
    }
    let all = Rule::of(EVERYTHING, "/v1/{string_value}/{child.int32_value}", "*");
    assert_eq!(all.refuses("/v1/a/1?int32Value=1", "{}").0, Reason::FieldSetTwice);
    let field = Rule::of(EVERYTHING, "/v1/{string_value}", "child");
    assert_eq!(field.refuses("/v1/a?child.int32Value=1", "{}").0, Reason::FieldSetTwice);
    let choice = Rule::of(EVERYTHING, "/v1/{string_value}", "choice_child");
    assert_eq!(choice.refuses("/v1/a?choiceText=x", "{}").0, Reason::FieldSetTwice);
}

#[test]
fn a_field_of_the_path_may_stand_in_the_body_with_the_same_value() {
    let all = Rule::of(EVERYTHING, "/v1/{string_value}/{child.int32_value}", "*");
    let expected = r#"{"boolValue":true,"stringValue":"a","child":{"int32Value":1,"boolValue":true}}"#;
    for body in [
        r#"{"boolValue":true,"child":{"boolValue":true}}"#,
        r#"{"boolValue":true,"stringValue":"a","child":{"boolValue":true,"int32Value":1}}"#,
        r#"{"boolValue":true,"string_value":"a","child":{"boolValue":true,"int32_value":"1e0"}}"#,
        r#"{"boolValue":true,"stringValue":null,"child":{"boolValue":true,"int32Value":null}}"#,
    ] {
        assert_eq!(all.request("/v1/a/1", body), expected, "{body}");
    }
    assert_eq!(all.refuses("/v1/a/1", r#"{"stringValue":"b"}"#), (Reason::FieldSetTwice, "stringValue".to_owned()));
    assert_eq!(all.refuses("/v1/a/1", r#"{"child":{"int32Value":2}}"#).1, "child.int32Value");
    assert_eq!(all.request("/v1/a/0", r#"{"child":{"int32Value":0}}"#), r#"{"stringValue":"a","child":{}}"#);

    // 64-bit values that are the same in their lower halves are not the same.
    let long = Rule::of(EVERYTHING, "/v1/{int64_value}", "*");
    assert_eq!(long.refuses("/v1/4294967297", r#"{"int64Value":"1"}"#).0, Reason::FieldSetTwice);

    let choice = Rule::of(EVERYTHING, "/v1/{choice_number}", "*");
    assert_eq!(choice.request("/v1/1", r#"{"choiceNumber":"1"}"#), r#"{"choiceNumber":"1"}"#);
    assert_eq!(choice.refuses("/v1/1", r#"{"choiceText":"x"}"#).0, Reason::FieldSetTwice);
}

#[test]
fn a_body_may_be_one_field_of_any_type() {
    let body = |field: &'static str, body: &str| Rule::of(EVERYTHING, "/v1/x", field).request("/v1/x", body);
    assert_eq!(body("strings", r#"["a","b"]"#), r#"{"strings":["a","b"]}"#);
    assert_eq!(body("texts", r#"{"a":"b"}"#), r#"{"texts":{"a":"b"}}"#);
    assert_eq!(body("int64_value", "7"), r#"{"int64Value":"7"}"#);
    assert_eq!(body("time", r#""1970-01-01T00:00:00Z""#), r#"{"time":"1970-01-01T00:00:00Z"}"#);
    assert_eq!(body("value", "null"), r#"{"value":null}"#);
    assert_eq!(body("child", ""), "{}");
    assert_eq!(body("renamed", r#""x""#), r#"{"otherName":"x"}"#);
}

#[test]
fn an_http_body_is_taken_as_it_is() {
    let upload = Rule::of("everything.v1.UploadRequest", "/v1/{name}", "content");
    assert_eq!(
        upload.request("/v1/a", "not json"),
        r#"{"name":"a","content":{"contentType":"text/x-test","data":"bm90IGpzb24="}}"#
    );
}

#[test]
fn a_patch_without_a_mask_changes_what_its_body_names() {
    let body = r#"{"title":"T","amount":{"unit":"kg"},"labels":{"a":"b"},"tags":null,"createTime":null,"etag":"1"}"#;
    let reply = UPDATE.request("/v1/things/a", body);
    assert!(reply.ends_with(r#""updateMask":"title,amount,labels,tags"}"#), "{reply}");
    let given = UPDATE.request("/v1/things/a?updateMask=title&validateOnly=true", r#"{"title":"T","tags":["x"]}"#);
    assert!(given.ends_with(r#""updateMask":"title","validateOnly":true}"#), "{given}");
    let whole = UPDATE.request("/v1/things/a", r#"{"amount":{}}"#);
    assert!(whole.ends_with(r#""updateMask":"amount"}"#), "{whole}");
    assert_eq!(UPDATE.request("/v1/things/a", ""), r#"{"thing":{"name":"things/a"}}"#);
    assert_eq!(UPDATE.refuses("/v1/things/a", r#"{"nope":1}"#).1, "thing.nope");
    let deep = "{\"amount\":".repeat(1_000);
    assert!(UPDATE.try_request("/v1/things/a", &deep, None).is_err());
}

#[test]
fn the_etag_of_a_header_is_that_of_the_request_or_of_its_resource() {
    let delete = Rule::of("everything.v1.DeleteThingRequest", "/v1/{name=things/*}", "");
    assert_eq!(delete.try_request("/v1/things/a", "", Some("7")).expect("binds"), r#"{"name":"things/a","etag":"7"}"#);
    let update = UPDATE.try_request("/v1/things/a", r#"{"title":"T"}"#, Some("7")).expect("binds");
    assert!(update.starts_with(r#"{"thing":{"name":"things/a","title":"T","etag":"7"}"#), "{update}");
    let fault = UPDATE.try_request("/v1/things/a", r#"{"etag":"8"}"#, Some("7")).expect_err("differs");
    assert_eq!((fault.reason(), fault.path()), (Reason::FieldSetTwice, "thing.etag".to_owned()));
    let fault = delete.try_request("/v1/things/a?etag=7", "", Some("7")).expect_err("is given twice");
    assert_eq!(fault.reason(), Reason::FieldSetTwice);
}

#[test]
fn rules_that_cannot_work_are_refused() {
    for (template, body) in [
        ("/v1/{nope}", ""),
        ("/v1/{strings}", ""),
        ("/v1/{texts}", ""),
        ("/v1/{child}", ""),
        ("/v1/{any}", ""),
        ("/v1/{string_value.x}", ""),
        ("/v1/{time.seconds}", ""),
        ("/v1/{children.string_value}", ""),
        ("/v1/{stringValue}", ""),
        ("/v1/x", "nope"),
        ("/v1/x", "child.child"),
        ("/v1/{string_value}", "string_value"),
    ] {
        assert!(Rule::of(EVERYTHING, template, body).compile().is_err(), "{template} {body}");
    }
}
