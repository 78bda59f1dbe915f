use std::convert::Infallible;

use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use super::*;
use crate::testing;

/// A contract of one service with these RPCs, in front of `google/api/annotations.proto`.
fn contract(rpcs: &str) -> Contract {
    let source = format!(
        r#"syntax = "proto3"; package t; import "google/api/annotations.proto"; import "google/protobuf/empty.proto";
        message M {{ string a = 1; string b = 2; repeated string c = 3; M m = 4; }}
        service S {{ {rpcs} }}"#
    );
    Contract::load(&testing::compile("t.proto", &source)).expect("is a contract")
}

fn compile(contract: &Contract) -> Result<Routes, Vec<String>> {
    let nobody = service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(tonic::body::Body::empty())) });
    let rpc = BoxCloneSyncService::new(nobody.map_err(|never| match never {}));
    let schema = Schema::compile(contract.pool());
    Routes::compile(&schema, contract, HashMap::from([("t.S".to_owned(), rpc)]))
}

fn problems(rpcs: &str) -> Vec<String> {
    compile(&contract(rpcs)).expect_err("has problems")
}

#[test]
fn all_bindings_of_a_rule_are_routes() {
    let contract = contract(
        r#"rpc A(M) returns (M) { option (google.api.http) = {
            get: "/a/{a}" additional_bindings: {post: "/a" body: "*"} additional_bindings: {custom: {kind: "PURGE" path: "/a"}}
            additional_bindings: {custom: {kind: "*" path: "/any"} response_body: "c"}
        }; }
        rpc B(M) returns (M);"#,
    );
    let routes = compile(&contract).expect("compiles");
    let names: Vec<String> = routes.iter().map(|route| route.name()).collect();
    assert_eq!(names, ["GET /a/{a}", "POST /a", "PURGE /a", "* /any"]);
    assert!(routes.rpc("/t.S/B").is_some());
}

#[test]
fn two_rpcs_of_one_route_are_both_named() {
    let found = problems(
        r#"rpc A(M) returns (M) { option (google.api.http) = {get: "/x/{a}"}; }
        rpc B(M) returns (M) { option (google.api.http) = {get: "/x/{b}"}; }"#,
    );
    assert_eq!(found, ["/t.S/B: GET /x/{b} is the same route as GET /x/{a} of /t.S/A"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let found = problems(
        r#"rpc A(M) returns (M) { option (google.api.http) = {get: "/x/{c}"}; }
        rpc B(M) returns (M) { option (google.api.http) = {get: "x"}; }
        rpc C(M) returns (M) { option (google.api.http) = {get: "/c" body: "*"}; }
        rpc D(M) returns (M) { option (google.api.http) = {post: "/d" body: "m" response_body: "nope"}; }
        rpc E(stream M) returns (M) { option (google.api.http) = {post: "/e"}; }
        rpc F(M) returns (M) { option (google.api.http) = {body: "*"}; }
        rpc G(M) returns (M) { option (google.api.http) = {
            get: "/g" additional_bindings: {get: "/h" additional_bindings: {get: "/i"}}
        }; }"#,
    );
    let about: Vec<&str> = found.iter().map(|problem| &problem[..6]).collect();
    assert_eq!(about, ["/t.S/A", "/t.S/B", "/t.S/C", "/t.S/D", "/t.S/E", "/t.S/F", "/t.S/G"], "{found:#?}");
}

#[test]
fn every_service_has_a_place_and_every_place_a_service() {
    let contract = contract("rpc A(M) returns (M);");
    let schema = Schema::compile(contract.pool());
    let found = Routes::compile(&schema, &contract, HashMap::new()).expect_err("has problems");
    assert_eq!(found, ["/t.S/A: nobody says where t.S is"]);
}
