//! All routes of a contract, compiled: which RPC a path leads to, how its request is made and its reply printed.
//!
//! Everything that can be wrong with a route is found here, at start, and all of it is reported at once.

use std::{collections::HashMap, sync::Arc};

use http::{Method, Uri};
use prost_reflect::{DynamicMessage, Value};
use service_kit::{
    Contract, Rpc,
    contract::{Access, Method as RpcMethod},
};

use crate::{
    router::{RouteId, Router, Taken},
    schema::{Kind, MessageId, Schema, Slot},
    template::Template,
    transcode::binding::{Binding, Body},
};

const HTTP_BODY: &str = "google.api.HttpBody";

/// An RPC that can be called.
pub(crate) struct Target {
    /// What the contract says of it.
    pub(crate) method: Arc<RpcMethod>,
    /// Where calls go.
    pub(crate) rpc: Rpc,
    /// Its gRPC path.
    pub(crate) uri: Uri,
    /// Its gRPC path, for counting.
    pub(crate) label: Arc<str>,
}

/// A REST route.
#[derive(Debug)]
pub(crate) struct Route {
    /// The RPC.
    pub(crate) target: Arc<Target>,
    /// The HTTP method; `None` is any.
    pub(crate) http: Option<Method>,
    /// The path.
    pub(crate) template: Template,
    /// The path as it is written in the contract.
    pub(crate) text: Arc<str>,
    /// The rule's `body` and `response_body`, as they are written.
    pub(crate) body_names: (Box<str>, Box<str>),
    /// How the request is made.
    pub(crate) binding: Binding,
    /// What is printed of the reply.
    pub(crate) reply: Reply,
    /// The message of the reply.
    pub(crate) output: MessageId,
    /// The number of the reply's `etag`.
    pub(crate) etag: Option<u32>,
}

/// What is printed of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The message.
    Message,
    /// One field of it.
    Field(Slot),
    /// The bytes of a `google.api.HttpBody`.
    Raw,
    /// The bytes of a `google.api.HttpBody` in one field.
    RawField(u32),
}

/// All routes.
#[derive(Debug)]
pub(crate) struct Routes {
    /// Finds a route.
    pub(crate) router: Router,
    list: Vec<Arc<Route>>,
    targets: HashMap<String, Arc<Target>>,
    /// Services that are no part of the contract: health and reflection.
    infrastructure: HashMap<String, Rpc>,
}

/// Services outside of the contract that anybody may call where they are given.
const INFRASTRUCTURE: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// One rule of `google.api.http`, read.
struct Rule {
    http: Option<Method>,
    path: String,
    body: String,
    response_body: String,
}

impl Routes {
    /// Compiles all routes of the contract. The error lists everything that is wrong.
    pub(crate) fn compile(
        schema: &Schema,
        contract: &Contract,
        mut upstreams: HashMap<String, Rpc>,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut methods: Vec<_> = contract.methods().cloned().collect();
        methods.sort_by(|one, other| one.path.cmp(&other.path));
        let mut infrastructure = HashMap::new();
        for name in INFRASTRUCTURE {
            infrastructure.extend(upstreams.remove_entry(name));
        }
        let mut routes = Self { router: Router::new(), list: Vec::new(), targets: HashMap::new(), infrastructure };
        for method in methods {
            let Some(rpc) = upstreams.get(&method.service) else {
                problems.push(format!("{}: nobody says where {} is", method.path, method.service));
                continue;
            };
            let target = match Target::new(&method, rpc.clone()) {
                Ok(target) => Arc::new(target),
                Err(problem) => {
                    problems.push(format!("{}: {problem}", method.path));
                    continue;
                }
            };
            for rule in rules(&method) {
                if let Err(problem) = rule.and_then(|rule| routes.add(schema, &target, rule)) {
                    problems.push(format!("{}: {problem}", method.path));
                }
            }
            routes.targets.insert(method.path.clone(), target);
        }
        let services: Vec<_> = contract.methods().map(|method| method.service.as_str()).collect();
        let strays = upstreams.keys().filter(|name| !services.contains(&name.as_str()));
        problems.extend(strays.map(|name| format!("{name} is no service of the contract")));
        problems.sort();
        problems.dedup();
        if problems.is_empty() { Ok(routes) } else { Err(problems) }
    }

    fn add(&mut self, schema: &Schema, target: &Arc<Target>, rule: Rule) -> Result<(), String> {
        let name = rule.name();
        let route = Route::compile(schema, target, rule).map_err(|problem| format!("{name}: {problem}"))?;
        let inserted = self.router.insert(&route.template, route.http.clone(), self.list.len());
        if let Err(Taken(other)) = inserted {
            let other = &self.list[other];
            return Err(format!("{name} is the same route as {} of {}", other.name(), other.target.method.path));
        }
        self.list.push(Arc::new(route));
        Ok(())
    }

    /// The route with the id.
    pub(crate) fn get(&self, id: RouteId) -> &Arc<Route> {
        &self.list[id]
    }

    /// All routes, by RPC and in the order of their bindings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.list.iter()
    }

    /// The RPC with the gRPC path.
    pub(crate) fn rpc(&self, path: &str) -> Option<&Arc<Target>> {
        self.targets.get(path)
    }

    /// The service of a gRPC path, if it is one that anybody may call.
    pub(crate) fn infrastructure(&self, path: &str) -> Option<&Rpc> {
        let (service, _) = path.strip_prefix('/')?.split_once('/')?;
        self.infrastructure.get(service)
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Printing the descriptor of a message that holds itself does not end.
        f.debug_tuple("Target").field(&self.label).finish()
    }
}

impl Target {
    fn new(method: &Arc<RpcMethod>, rpc: Rpc) -> Result<Self, String> {
        let uri = method.path.parse().map_err(|_| "its name is no path".to_owned())?;
        Ok(Self { method: Arc::clone(method), rpc, uri, label: method.path.as_str().into() })
    }
}

impl Route {
    fn compile(schema: &Schema, target: &Arc<Target>, rule: Rule) -> Result<Self, String> {
        let method = &target.method;
        let message = |name: &str| schema.find(name).ok_or_else(|| format!("{name} is not among the descriptors"));
        let (input, output) = (message(method.input().full_name())?, message(method.output().full_name())?);
        let template = Template::parse(&rule.path).map_err(|error| error.to_string())?;
        let patch = rule.http == Some(Method::PATCH);
        let binding = Binding::compile(schema, input, &template, &rule.body, patch)?;
        if rule.http == Some(Method::GET) && binding.body() != Body::None {
            return Err("a GET has no body".to_owned());
        }
        if method.client_streaming() && binding.body() == Body::None {
            return Err("a stream of requests needs a body".to_owned());
        }
        let reply = reply(schema, output, &rule.response_body)?;
        let etag = schema
            .message(output)
            .fields
            .iter()
            .find(|field| &*field.proto_name == "etag" && field.kind == Kind::String && field.is_singular());
        Ok(Self {
            target: Arc::clone(target),
            etag: etag.map(|field| field.number).filter(|_| !method.server_streaming()),
            http: rule.http,
            text: rule.path.into(),
            body_names: (rule.body.into(), rule.response_body.into()),
            template,
            binding,
            reply,
            output,
        })
    }

    fn name(&self) -> String {
        format!("{} {}", self.http.as_ref().map_or("*", Method::as_str), self.text)
    }

    /// Asking twice is as good as asking once, and changes nothing.
    pub(crate) fn is_read(&self) -> bool {
        self.http == Some(Method::GET)
    }

    /// What caches on the way are told: what only its caller may see is kept by nobody else, and what a call has
    /// done by nobody at all.
    pub(crate) fn caching(&self) -> Option<&'static str> {
        match self.target.method.policy.access {
            Access::Public if self.is_read() => None,
            Access::Deny => None,
            _ if self.is_read() => Some("private, no-cache"),
            _ => Some("no-store"),
        }
    }
}

impl Rule {
    fn name(&self) -> String {
        format!("{} {}", self.http.as_ref().map_or("*", Method::as_str), self.path)
    }
}

fn reply(schema: &Schema, output: MessageId, response_body: &str) -> Result<Reply, String> {
    let message = schema.message(output);
    if response_body.is_empty() {
        return Ok(if &*message.name == HTTP_BODY { Reply::Raw } else { Reply::Message });
    }
    let found = message.fields.iter().position(|field| *field.proto_name == *response_body);
    let slot = found.ok_or_else(|| format!("the response body `{response_body}` is no field of {}", message.name))?;
    let field = &message.fields[slot];
    match field.kind {
        Kind::Message(id) if field.is_singular() && &*schema.message(id).name == HTTP_BODY => {
            Ok(Reply::RawField(field.number))
        }
        _ => Ok(Reply::Field(slot)),
    }
}

/// The rule of an RPC and its additional bindings.
fn rules(method: &RpcMethod) -> Vec<Result<Rule, String>> {
    let Some(rule) = method.http_rule() else { return Vec::new() };
    let additional =
        rule.get_field_by_name("additional_bindings").and_then(|value| value.as_list().map(<[Value]>::to_vec));
    let additional = additional.unwrap_or_default();
    let mut rules = vec![read(&rule)];
    rules.extend(additional.iter().filter_map(Value::as_message).map(|rule| {
        let nested = rule
            .get_field_by_name("additional_bindings")
            .is_some_and(|value| value.as_list().is_some_and(|list| !list.is_empty()));
        if nested { Err("an additional binding holds another".to_owned()) } else { read(rule) }
    }));
    rules
}

fn read(rule: &DynamicMessage) -> Result<Rule, String> {
    let text = |rule: &DynamicMessage, name: &str| -> String {
        rule.get_field_by_name(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let named = [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ];
    let pattern = named.into_iter().find(|(name, _)| rule.has_field_by_name(name));
    let (http, path) = match pattern {
        Some((name, method)) => (Some(method), text(rule, name)),
        None => {
            let custom = rule.get_field_by_name("custom").filter(|_| rule.has_field_by_name("custom"));
            let custom = custom.as_deref().and_then(Value::as_message).ok_or("the rule has no path")?;
            let kind = text(custom, "kind");
            let method = match kind.as_str() {
                "*" => None,
                kind => Some(kind.parse().map_err(|_| format!("`{kind}` is no HTTP method"))?),
            };
            (method, text(custom, "path"))
        }
    };
    Ok(Rule { http, path, body: text(rule, "body"), response_body: text(rule, "response_body") })
}

#[cfg(test)]
mod tests;
