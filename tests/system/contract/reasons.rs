//! The reasons that errors have: in the comments of the contract, in the sources, and in `docs/errors/`.

use std::{collections::BTreeSet, fs};

use service_kit::Contract;

use super::{Findings, comment_of, methods, sources};

/// `SKU_TAKEN`: what a reason looks like. In comments only those with an underscore count, in sources all do.
fn is_reason(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    word.len() > 2 && word.starts_with(|first: char| first.is_ascii_uppercase()) && word.bytes().all(allowed)
}

/// What a comment names after `Errors`.
fn named_in(comment: &str) -> BTreeSet<String> {
    let errors = comment.split_once("Errors").map(|(_, errors)| errors).unwrap_or_default();
    let words = errors.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| is_reason(word) && word.contains('_')).map(str::to_owned).collect()
}

/// The texts in the bodies of everything that begins so.
fn returned_in(source: &str, start: &str) -> BTreeSet<String> {
    let bodies = source.split(start).skip(1).map(body);
    bodies.flat_map(literals).filter(|literal| is_reason(literal)).map(str::to_owned).collect()
}

/// A function from its signature to the brace that closes it.
fn body(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, character) in text.char_indices() {
        depth += match character {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 && character == '}' {
            return &text[..at];
        }
    }
    text
}

fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

fn documented() -> BTreeSet<String> {
    let pages = fs::read_dir(sources::root().join("docs/errors")).expect("docs/errors is there");
    let names = pages.filter_map(|page| page.expect("a readable folder").file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).filter(|name| name != "README").collect()
}

fn returned() -> BTreeSet<String> {
    let of = |folder: &str, start| returned_in(&sources::product(&sources::root().join(folder)), start);
    let by_function = ["services", "libs", "gateway"].map(|folder| of(folder, "fn reason(&self)"));
    by_function.into_iter().flatten().chain(of("gateway", "impl Reason ")).collect()
}

#[test]
fn reasons_in_comments_are_returned_and_documented() {
    let contract = Contract::ultramarket();
    let (documented, returned) = (documented(), returned());
    let mut findings = Findings::default();
    let mut named = BTreeSet::new();
    for method in methods(&contract) {
        for reason in named_in(&comment_of(&method.descriptor)) {
            let name = &method.path;
            findings.check(documented.contains(&reason), || format!("{name}: docs/errors/{reason}.md is missing"));
            findings.check(returned.contains(&reason), || format!("{name}: no source returns {reason}"));
            named.insert(reason);
        }
    }
    assert!(named.len() > 20, "comments are read as they should be: {named:?}");
    findings.assert_none();
}

#[test]
fn reasons_in_sources_are_documented_and_nothing_else_is() {
    let (documented, returned) = (documented(), returned());
    let undocumented: Vec<_> = returned.difference(&documented).collect();
    assert!(undocumented.is_empty(), "docs/errors/ has no page for {undocumented:?}");
    let obsolete: Vec<_> = documented.difference(&returned).collect();
    assert!(obsolete.is_empty(), "docs/errors/ has pages for what no source returns: {obsolete:?}");
}

#[test]
fn pages_begin_with_their_reason_and_say_what_to_do() {
    let mut findings = Findings::default();
    for reason in documented() {
        let page = sources::root().join("docs/errors").join(format!("{reason}.md"));
        let text = fs::read_to_string(page).expect("pages are text");
        findings.check(text.starts_with(&format!("# {reason}\n")), || format!("{reason}.md has another title"));
        for part in ["**Meaning.**", "**What to do.**"] {
            findings.check(text.contains(part), || format!("{reason}.md has no {part}"));
        }
    }
    findings.assert_none();
}

#[test]
fn comments_and_sources_are_read_as_they_are_written() {
    let comment = "Creates. Errors: SKU_TAKEN, CATEGORY_NOT_FOUND (of the parent). Errors as in NO_SIDE; needs ADMIN.";
    assert_eq!(named_in(comment), ["CATEGORY_NOT_FOUND", "NO_SIDE", "SKU_TAKEN"].map(str::to_owned).into());
    assert_eq!(named_in("Reads. The answer is INVALID_X."), BTreeSet::new());
    let source =
        r#"fn reason(&self) -> &'static str { match self { A => "A_B", B => { "C_D" } C => "no" } } fn x() { "E_F" }"#;
    assert_eq!(returned_in(source, "fn reason(&self)"), ["A_B", "C_D"].map(str::to_owned).into());
}
