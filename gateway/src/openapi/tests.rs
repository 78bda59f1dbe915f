use std::{collections::HashMap, convert::Infallible};

use serde_json::Value;
use service_kit::Rpc;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use super::*;
use crate::{router::Found, schema::Schema, testing};

fn nobody() -> Rpc {
    let nobody = service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(tonic::body::Body::empty())) });
    BoxCloneSyncService::new(nobody.map_err(|never| match never {}))
}

fn routes(contract: &Contract) -> Routes {
    let services: HashMap<String, Rpc> = contract.methods().map(|method| (method.service.clone(), nobody())).collect();
    Routes::compile(&Schema::compile(contract.pool()), contract, services).expect("compiles")
}

fn document(contract: &Contract) -> Value {
    serde_json::from_str(&write(contract, &routes(contract), "")).expect("is JSON")
}

fn test_contract() -> Contract {
    Contract::load(testing::descriptor_set()).expect("is a contract")
}

#[test]
fn the_same_contract_gives_the_same_bytes() {
    let contract = test_contract();
    assert_eq!(write(&contract, &routes(&contract), ""), write(&test_contract(), &routes(&test_contract()), ""));
}

/// Every reference of a document leads somewhere, and every schema is referred to.
fn check_references(document: &Value) {
    let mut found = BTreeSet::new();
    collect(document, &mut found);
    for reference in &found {
        let target = document.pointer(&reference[1..]);
        assert!(target.is_some(), "{reference} leads nowhere");
    }
    for kind in ["schemas", "responses"] {
        let components = document["components"][kind].as_object().expect("has them");
        for name in components.keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(found.contains(&reference) || kind == "responses", "{reference} is unused");
        }
    }
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Every operation of a document leads to the RPC that it names, with any values of its parameters.
fn check_operations(contract: &Contract) {
    let (routes, document) = (routes(contract), document(contract));
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("has paths") {
        for (method, operation) in item.as_object().expect("has operations") {
            let id = operation["operationId"].as_str().expect("has an id");
            assert!(ids.insert(id.to_owned()), "{id} twice");
            let mut address = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let name = format!("{{{}}}", parameter["name"].as_str().expect("has a name"));
                    assert!(address.contains(&name), "{path} lacks {name}");
                    address = address.replace(&name, "some-value");
                }
            }
            assert!(!address.contains('{'), "{path} has a parameter that is not described");
            let method = method.to_ascii_uppercase().parse().expect("is a method");
            let Found::Route { route, .. } = routes.router.find(&address, &method) else {
                panic!("{method} {address} leads nowhere")
            };
            let rpc = operation["x-grpc-method"].as_str().expect("has an RPC");
            assert_eq!(routes.get(route).target.method.path, format!("/{rpc}"), "{method} {address}");
        }
    }
    let described = ids.len();
    assert_eq!(described, routes.iter().filter(|route| route.http.is_some()).count());
}

#[test]
fn the_document_of_the_test_contract_holds_together() {
    check_references(&document(&test_contract()));
    check_operations(&test_contract());
}

#[test]
fn the_document_of_the_marketplace_holds_together() {
    let contract = Contract::ultramarket();
    check_references(&document(&contract));
    check_operations(&contract);
}

#[test]
fn an_operation_says_what_the_contract_says() {
    let document = document(&test_contract());
    let update = &document["paths"]["/v1/things/{name}"]["patch"];
    assert_eq!(update["summary"], "Changes a thing");
    assert_eq!(update["security"], serde_json::json!([{"bearer": []}]));
    let parameters: Vec<(&str, &str)> = update["parameters"]
        .as_array()
        .expect("has them")
        .iter()
        .map(|parameter| (parameter["in"].as_str().expect("is text"), parameter["name"].as_str().expect("is text")))
        .collect();
    let expected = [
        ("path", "name"),
        ("query", "updateMask"),
        ("query", "validateOnly"),
        ("header", "Idempotency-Key"),
        ("header", "If-Match"),
    ];
    assert_eq!(parameters, expected);
    let body = &update["requestBody"]["content"]["application/json"]["schema"];
    assert!(body["required"].is_null() && body["properties"]["createTime"].is_null(), "{body}");
    for status in ["200", "400", "401", "409", "412", "415", "422", "429"] {
        assert!(update["responses"][status].is_object(), "{status}");
    }
    assert!(document["paths"]["/v1/echo"]["post"]["x-errors"] == serde_json::json!(["THING_NOT_FOUND"]));
    assert_eq!(document["paths"]["/v1/things/{name}"]["delete"]["x-roles"], serde_json::json!(["ADMIN"]));
    assert_eq!(document["paths"]["/v1/files/{name}"]["get"]["parameters"][0]["x-multi-segment"], true);
}

#[test]
fn field_rules_become_keywords() {
    let document = document(&test_contract());
    let schemas = &document["components"]["schemas"];
    let thing = &schemas["everything.v1.Thing"];
    assert_eq!(thing["required"], serde_json::json!(["name", "title"]));
    assert_eq!(thing["properties"]["name"]["maxLength"], 40);
    assert_eq!(thing["properties"]["name"]["pattern"], "^[a-z/-]+$");
    assert_eq!(thing["properties"]["tags"]["items"]["minLength"], 1);
    assert_eq!(thing["properties"]["createTime"]["readOnly"], true);
    assert_eq!(schemas["everything.v1.Amount"]["properties"]["value"]["pattern"], "^[0-9]{1,19}$");
    let everything = &schemas["everything.v1.Everything"];
    assert_eq!(everything["properties"]["int64Value"]["type"], "string");
    assert_eq!(everything["allOf"].as_array().expect("has a oneof").len(), 1);
    assert_eq!(everything["properties"]["otherName"]["description"], "Under another name.");
}
