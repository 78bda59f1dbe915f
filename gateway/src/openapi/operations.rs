//! Routes as operations.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use service_kit::contract::{Access, Policy};

use super::{
    comments::{self, Comments},
    document::{Header, Media, Operation, Parameter, RequestBody, Response, Schema},
    messages::{self, Messages, STATUS},
    paths::Address,
    rules::Rules,
};
use crate::{
    routes::{Reply, Route},
    transcode::binding::Body,
};

/// How deep the fields of messages become query parameters.
const QUERY_DEPTH: usize = 4;

/// The errors that an operation may answer, by HTTP status.
const ERRORS: [(&str, &str); 13] = [
    ("400", "The request is not valid."),
    ("401", "No valid access token."),
    ("403", "The account may not do this."),
    ("404", "It does not exist, or is somebody else's."),
    ("409", "The state of things forbids it, or somebody was faster."),
    ("412", "The etag of `If-Match` is stale."),
    ("413", "The request is too large."),
    ("415", "The body is of a type that is not taken."),
    ("422", "The idempotency key was used with another request."),
    ("429", "Too many requests; try again after the time in `Retry-After`."),
    ("500", "A bug. The message has an id to report."),
    ("503", "Something that this needs is away; try again later."),
    ("504", "It took too long."),
];

/// The operation of a route. `binding` is its number among the routes of its RPC.
pub(super) fn operation(
    route: &Route,
    binding: usize,
    address: &Address,
    comments: &Comments,
    messages: &mut Messages<'_>,
) -> Operation {
    let method = &route.target.method;
    let descriptor = &method.descriptor;
    let service = descriptor.parent_service();
    let comment = comments.of_item(&descriptor.parent_file(), descriptor.path());
    let suffix = if binding == 0 { String::new() } else { format!("_{binding}") };
    let body = body(route, messages);
    let mut parameters = path_parameters(route, address, messages);
    query_parameters(route, messages, &mut parameters);
    parameters.extend(header_parameters(route));
    Operation {
        operation_id: format!("{}_{}{suffix}", service.name(), method.name),
        tags: vec![service.name().to_owned()],
        summary: comments::summary(&comment),
        errors: comments::reasons(&comment),
        description: comment,
        security: security(&method.policy),
        responses: responses(route, messages, body.is_some()),
        parameters,
        request_body: body,
        roles: method.policy.roles.clone(),
        grpc_method: method.path.trim_start_matches('/').to_owned(),
    }
}

fn security(policy: &Policy) -> Vec<BTreeMap<&'static str, Vec<String>>> {
    let scheme = |name: &'static str| BTreeMap::from([(name, Vec::new())]);
    match policy.access {
        Access::Public => vec![BTreeMap::new(), scheme("bearer")],
        Access::Guest => vec![scheme("bearer"), scheme("cartToken"), scheme("orderToken"), BTreeMap::new()],
        Access::Authenticated | Access::Roles | Access::Deny => vec![scheme("bearer")],
    }
}

fn path_parameters(route: &Route, address: &Address, messages: &mut Messages<'_>) -> Vec<Parameter> {
    let input = route.target.method.input();
    let parameter = |placeholder: &super::paths::Placeholder| {
        let at = placeholder.segment;
        let variable = route.template.variables.iter().find(|variable| (variable.start..variable.end).contains(&at));
        let field = variable.and_then(|variable| field_at(&input, &variable.path));
        // A rule of the whole value says nothing about one of its segments.
        let whole = variable.is_some_and(|variable| !variable.multi);
        let mut schema = match &field {
            Some(field) if whole => messages.field(field),
            _ => Schema::of("string"),
        };
        let described = field.as_ref().map(|field| messages.field(field).description).unwrap_or_default();
        schema.description = String::new();
        schema.read_only = false;
        Parameter {
            name: placeholder.name.clone(),
            location: "path",
            description: described,
            required: true,
            style: None,
            explode: None,
            schema,
            multi_segment: placeholder.multi,
        }
    };
    address.parameters.iter().map(parameter).collect()
}

fn field_at(message: &MessageDescriptor, path: &[String]) -> Option<FieldDescriptor> {
    let (first, rest) = path.split_first()?;
    let field = message.get_field_by_name(first)?;
    match (rest.is_empty(), field.kind()) {
        (true, _) => Some(field),
        (false, Kind::Message(inner)) => field_at(&inner, rest),
        (false, _) => None,
    }
}

/// Every field that neither the path nor the body binds.
fn query_parameters(route: &Route, messages: &mut Messages<'_>, parameters: &mut Vec<Parameter>) {
    let input = route.target.method.input();
    if matches!(route.binding.body(), Body::Message | Body::Raw) {
        return;
    }
    let bound: Vec<String> = route.template.variables.iter().map(|variable| variable.path.join(".")).collect();
    for field in input.fields().filter(|field| *field.name() != *route.body_names.0) {
        query_field(&field, "", "", &bound, 0, messages, parameters);
    }
}

fn query_field(
    field: &FieldDescriptor,
    json: &str,
    proto: &str,
    bound: &[String],
    depth: usize,
    messages: &mut Messages<'_>,
    parameters: &mut Vec<Parameter>,
) {
    let (name, path) = (format!("{json}{}", field.json_name()), format!("{proto}{}", field.name()));
    if bound.contains(&path) {
        return;
    }
    if let Kind::Message(message) = field.kind()
        && !field.is_map()
        && !messages::is_scalar(&message)
    {
        if depth < QUERY_DEPTH && !field.is_list() && message.package_name() != "google.protobuf" {
            for inner in message.fields() {
                query_field(&inner, &format!("{name}."), &format!("{path}."), bound, depth + 1, messages, parameters);
            }
        }
        return;
    }
    let mut schema = messages.field(field);
    let description = std::mem::take(&mut schema.description);
    let (style, explode) = match () {
        () if field.is_map() => (Some("deepObject"), Some(true)),
        () if field.is_list() => (Some("form"), Some(true)),
        () => (None, None),
    };
    parameters.push(Parameter {
        name,
        location: "query",
        description,
        required: depth == 0 && Rules::of(field).required,
        style,
        explode,
        schema,
        multi_segment: false,
    });
}

fn header_parameters(route: &Route) -> Vec<Parameter> {
    let header = |name: &str, description: &str, required: bool, schema: Schema| Parameter {
        name: name.to_owned(),
        location: "header",
        description: description.to_owned(),
        required,
        style: None,
        explode: None,
        schema,
        multi_segment: false,
    };
    let mut parameters = Vec::new();
    if route.target.method.policy.idempotency_key_required {
        let schema = Schema { min_length: Some(1), max_length: Some(255), ..Schema::of("string") };
        let text = "Names one intent, for example with a UUID. Calls with the same key take effect once.";
        parameters.push(header("Idempotency-Key", text, true, schema));
    }
    if route.binding.has_etag() && !route.is_read() {
        let text = "Only if this is still the current etag.";
        parameters.push(header("If-Match", text, false, Schema::of("string")));
    }
    parameters
}

fn body(route: &Route, messages: &mut Messages<'_>) -> Option<RequestBody> {
    let input = route.target.method.input();
    let (schema, required, description) = match route.binding.body() {
        Body::None => return None,
        Body::Raw | Body::RawField(_) => return Some(raw_body()),
        Body::Message => {
            let bound: Vec<&str> = route.template.variables.iter().map(|variable| variable.path[0].as_str()).collect();
            let schema = if bound.is_empty() {
                messages.message(&input)
            } else {
                messages.object(&input, |field| !bound.contains(&field.name()), true)
            };
            let required = input.fields().any(|field| !bound.contains(&field.name()) && Rules::of(&field).required);
            (schema, required, String::new())
        }
        Body::Field(_) => {
            let field = input.get_field_by_name(&route.body_names.0)?;
            let whole = messages.field(&field);
            let schema = match (field.kind(), &route.http) {
                // A change gives only what it changes.
                (Kind::Message(message), Some(http))
                    if *http == http::Method::PATCH && !field.is_list() && !field.is_map() =>
                {
                    messages.object(&message, |field| !Rules::of(field).output_only, false)
                }
                _ => Schema { description: String::new(), ..whole.clone() },
            };
            (schema, Rules::of(&field).required, whole.description)
        }
    };
    let content = if route.target.method.client_streaming() {
        BTreeMap::from([
            media("application/json", Schema::array(schema.clone())),
            media("application/x-ndjson", schema),
        ])
    } else {
        BTreeMap::from([media("application/json", schema)])
    };
    Some(RequestBody { description, required, content })
}

fn raw_body() -> RequestBody {
    let content = BTreeMap::from([("*/*".to_owned(), Media::default())]);
    RequestBody { description: "Any bytes, as they are.".to_owned(), required: true, content }
}

fn media(name: &str, schema: Schema) -> (String, Media) {
    (name.to_owned(), Media { schema: Some(schema) })
}

fn responses(route: &Route, messages: &mut Messages<'_>, has_body: bool) -> BTreeMap<String, Response> {
    let method = &route.target.method;
    let output = method.output();
    let schema = match route.reply {
        Reply::Message => Some(messages.message(&output)),
        Reply::Field(_) => output.get_field_by_name(&route.body_names.1).map(|field| messages.field(&field)),
        Reply::Raw | Reply::RawField(_) => None,
    };
    let content = match schema {
        None => BTreeMap::from([("*/*".to_owned(), Media::default())]),
        Some(schema) if method.server_streaming() => BTreeMap::from([
            media("application/json", Schema::array(schema.clone())),
            media("application/x-ndjson", schema.clone()),
            media("text/event-stream", schema),
        ]),
        Some(schema) => BTreeMap::from([media("application/json", schema)]),
    };
    let mut headers = BTreeMap::new();
    if route.etag.is_some() {
        headers.insert("ETag", Header { description: "The version, for `If-Match`.", schema: Schema::of("string") });
    }
    let ok = Response { reference: None, description: "It went well.".to_owned(), headers, content };
    let mut responses = BTreeMap::from([("200".to_owned(), ok)]);
    let policy = &method.policy;
    let conflicts = !route.is_read();
    for (status, _) in ERRORS {
        let applies = match status {
            "403" => policy.access == Access::Roles,
            "404" => !route.template.variables.is_empty() || has_body,
            "409" => conflicts,
            "412" => route.binding.has_etag() && conflicts,
            "413" | "415" => has_body,
            "422" => policy.idempotency_key_required,
            _ => true,
        };
        if applies {
            responses.insert(status.to_owned(), reference(status));
        }
    }
    responses
}

fn reference(status: &str) -> Response {
    Response {
        reference: Some(format!("#/components/responses/{status}")),
        description: String::new(),
        headers: BTreeMap::new(),
        content: BTreeMap::new(),
    }
}

/// The errors that operations refer to.
pub(super) fn error_responses() -> BTreeMap<String, Response> {
    let response = |(status, description): (&str, &str)| {
        let mut headers = BTreeMap::new();
        if matches!(status, "429" | "503") {
            let schema = Schema { minimum: Some(0), ..Schema::of("integer") };
            headers.insert("Retry-After", Header { description: "In how many seconds to try again.", schema });
        }
        let content = BTreeMap::from([media("application/json", Schema::reference(STATUS))]);
        let response = Response { reference: None, description: description.to_owned(), headers, content };
        (status.to_owned(), response)
    };
    ERRORS.into_iter().map(response).collect()
}
