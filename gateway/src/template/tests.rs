use super::*;

fn variable(path: &[&str], start: usize, end: usize, multi: bool) -> Variable {
    Variable { path: path.iter().map(|part| (*part).to_owned()).collect(), start, end, multi }
}

fn literal(text: &str) -> Segment {
    Segment::Literal(text.to_owned())
}

#[test]
fn a_variable_is_one_segment_unless_it_says_otherwise() {
    let template = Template::parse("/v1/{book.shelf_id}/books/{name=files/**}:read").expect("parses");
    assert_eq!(template.segments, [literal("v1"), Segment::One, literal("books"), literal("files"), Segment::Rest]);
    assert_eq!(template.verb.as_deref(), Some("read"));
    assert_eq!(template.variables, [variable(&["book", "shelf_id"], 1, 2, false), variable(&["name"], 3, 5, true)]);
}

#[test]
fn all_of_the_grammar_is_understood() {
    for text in
        ["/", "/a", "/*", "/**", "/a/*/b/**", "/{a}", "/{a=*}", "/{a=**}", "/{a=b}", "/{a=*/b/*}", "/a:v", "/{a}:v"]
    {
        assert!(Template::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn templates_that_peers_disagree_about_are_refused() {
    let refused = [
        "",
        "a",
        "//",
        "/{}",
        "/a/",
        "/a//b",
        "/:verb",
        "/a/:verb",
        "/*:",
        "/a{x}",
        "/{x}a",
        "/{x=a:verb}",
        "/a/**/*",
        "/a/**/**",
        "/**/a",
        "/{x=**}/a",
        "/{x={y}}",
        "/{x",
        "/x}",
        "/{x}/{x}",
        "/{1x}",
        "/{x.}",
        "/{x..y}",
        "/{x=}",
        "/a:b:c",
        "/a:b/c",
        "/a*b",
        "/a?b",
        "/a#b",
        "/a b",
        "/%zz",
        "/{x=/a}",
        "/***",
    ];
    for text in refused {
        assert!(Template::parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_error_says_what_is_wrong() {
    assert_eq!(Template::parse("/a/**/b"), Err(TemplateError::RestNotLast));
    assert_eq!(Template::parse("/{a.b}/{a.b}"), Err(TemplateError::Twice("a.b".to_owned())));
    assert_eq!(Template::parse("/{a-b}"), Err(TemplateError::FieldPath("a-b".to_owned())));
    assert_eq!(Template::parse("/a:"), Err(TemplateError::EmptyVerb));
}

#[test]
fn literals_are_kept_in_their_normal_spelling() {
    assert_eq!(Template::parse("/%61%2fb").expect("parses").segments, [literal("a%2Fb")]);
}
