//! Templates as OpenAPI paths.

use std::collections::HashMap;

use crate::template::{Segment, Template};

/// Addresses by shape: OpenAPI takes two paths that differ only in the names of their parameters for one.
#[derive(Default)]
pub(super) struct Paths(HashMap<String, Address>);

/// A path and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) path: String,
    pub(super) parameters: Vec<Placeholder>,
}

/// A parameter in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) name: String,
    /// Segment of the template.
    pub(super) segment: usize,
    /// The value may hold slashes.
    pub(super) multi: bool,
}

impl Paths {
    /// The address of a template.
    pub(super) fn address(&mut self, template: &Template) -> Address {
        let own = address(template);
        let shape = own.parameters.iter().fold(own.path.clone(), |path, parameter| {
            path.replacen(&format!("{{{}}}", parameter.name), if parameter.multi { "{**}" } else { "{*}" }, 1)
        });
        self.0.entry(shape).or_insert(own).clone()
    }
}

fn address(template: &Template) -> Address {
    let mut path = String::new();
    let mut parameters: Vec<Placeholder> = Vec::new();
    for (at, segment) in template.segments.iter().enumerate() {
        path.push('/');
        if let Segment::Literal(text) = segment {
            path.push_str(text);
            continue;
        }
        let variable = template.variables.iter().find(|variable| (variable.start..variable.end).contains(&at));
        let base = variable.map_or_else(|| "segment".to_owned(), |variable| camel(&variable.path.join(".")));
        let taken =
            parameters.iter().filter(|other| other.name == base || other.name.starts_with(&format!("{base}_"))).count();
        let name = if taken == 0 { base } else { format!("{base}_{taken}") };
        path.push_str(&format!("{{{name}}}"));
        parameters.push(Placeholder { name, segment: at, multi: *segment == Segment::Rest });
    }
    if path.is_empty() {
        path.push('/');
    }
    if let Some(verb) = &template.verb {
        path.push(':');
        path.push_str(verb);
    }
    Address { path, parameters }
}

/// `product_id` as `productId`.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else {
            camel.push(if std::mem::take(&mut upper) { character.to_ascii_uppercase() } else { character });
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(paths: &mut Paths, template: &str) -> String {
        paths.address(&Template::parse(template).expect("parses")).path
    }

    #[test]
    fn variables_become_parameters_and_their_literals_stay() {
        let mut paths = Paths::default();
        assert_eq!(path(&mut paths, "/v1/{name=shelves/*/books/*}:read"), "/v1/shelves/{name}/books/{name_1}:read");
        assert_eq!(path(&mut paths, "/v1/products/{product_id}"), "/v1/products/{productId}");
        assert_eq!(path(&mut paths, "/v1/files/{name=**}"), "/v1/files/{name}");
        assert_eq!(path(&mut paths, "/"), "/");
    }

    #[test]
    fn one_shape_has_one_path() {
        let mut paths = Paths::default();
        assert_eq!(path(&mut paths, "/a/{x}/b"), "/a/{x}/b");
        assert_eq!(path(&mut paths, "/a/{y}/b"), "/a/{x}/b");
        assert_eq!(path(&mut paths, "/a/{y}/c"), "/a/{y}/c");
    }
}
