//! The contract as an OpenAPI 3.1 document: one for all services, the same bytes from the same contract.
//!
//! Everything in it comes from the descriptors: routes, comments, field rules, policies. Paths with custom verbs
//! and values of several segments, which OpenAPI has no words for, are marked with `x-multi-segment`.

mod comments;
mod document;
mod messages;
mod operations;
mod paths;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use service_kit::Contract;

use crate::routes::{Route, Routes};
use comments::Comments;
use document::{Components, Document, Info, PathItem, SecurityScheme, Server, Tag};
use messages::Messages;
use paths::Paths;

/// Writes the document.
pub(crate) fn write(contract: &Contract, routes: &Routes, public_url: &str) -> String {
    let comments = Comments::of(contract.pool());
    let mut messages = Messages::new(&comments);
    let mut paths = Paths::default();
    let mut items: BTreeMap<String, PathItem> = BTreeMap::new();
    let mut tags = BTreeSet::new();
    let mut bindings: BTreeMap<&str, usize> = BTreeMap::new();
    for route in in_order(routes) {
        let Some(http) = &route.http else { continue };
        let service = route.target.method.descriptor.parent_service().clone();
        tags.insert((service.name().to_owned(), comments.of_item(&service.parent_file(), service.path())));
        let binding = bindings.entry(&route.target.method.path).or_default();
        let address = paths.address(&route.template);
        let operation = operations::operation(route, *binding, &address, &comments, &mut messages);
        *binding += 1;
        items.entry(address.path).or_default().insert(http.as_str().to_ascii_lowercase(), operation);
    }
    let document = Document {
        openapi: "3.1.0",
        info: Info {
            title: "UltraMarket".to_owned(),
            version: "1".to_owned(),
            description: "REST for the whole marketplace. The same calls are served as gRPC on the same address."
                .to_owned(),
            license: document::License { name: "Apache-2.0", identifier: "Apache-2.0" },
        },
        servers: vec![Server { url: if public_url.is_empty() { "/".to_owned() } else { public_url.to_owned() } }],
        tags: tags.into_iter().map(|(name, description)| Tag { name, description }).collect(),
        paths: items,
        components: Components {
            schemas: messages.finish(),
            responses: operations::error_responses(),
            security_schemes: security_schemes(),
        },
    };
    let mut text = serde_json::to_string_pretty(&document).expect("a document of strings and numbers is JSON");
    text.push('\n');
    text
}

fn in_order(routes: &Routes) -> Vec<&Route> {
    let mut list: Vec<&Route> = routes.iter().map(AsRef::as_ref).collect();
    // Stable, so that the bindings of one RPC stay in their order.
    list.sort_by(|one, other| one.target.method.path.cmp(&other.target.method.path));
    list
}

fn security_schemes() -> BTreeMap<&'static str, SecurityScheme> {
    let bearer = SecurityScheme {
        kind: "http",
        description: "An access token from `POST /api/v1/auth/login`.",
        scheme: Some("bearer"),
        bearer_format: Some("JWT"),
        location: None,
        name: None,
    };
    let header = |name: &'static str, description: &'static str| SecurityScheme {
        kind: "apiKey",
        description,
        scheme: None,
        bearer_format: None,
        location: Some("header"),
        name: Some(name),
    };
    BTreeMap::from([
        ("bearer", bearer),
        ("cartToken", header("X-Cart-Token", "A guest's secret for their cart, from the reply that made the cart.")),
        ("orderToken", header("X-Order-Token", "A guest's secret for their order, from the reply that placed it.")),
    ])
}

#[cfg(test)]
mod tests;
