//! The contract is complete: every RPC has a route, a policy, a deadline, comments and a test, and every reason that
//! an error can have is documented where a client looks for it.

mod reasons;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor, MethodDescriptor, Value, prost_types};
use service_kit::{
    Contract,
    contract::{Access, Idempotency, Method},
};

/// What is wrong, all of it at once.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.0.push(what());
        }
    }

    #[track_caller]
    fn assert_none(mut self) {
        self.0.sort();
        assert!(self.0.is_empty(), "{} findings:\n  {}", self.0.len(), self.0.join("\n  "));
    }
}

/// A route of an RPC, as its `google.api.http` rule states it.
struct Route {
    verb: String,
    path: String,
    body: String,
}

impl Route {
    fn of(method: &Method) -> Option<Self> {
        let rule = method.http_rule()?;
        let text = |name: &str| rule.get_field_by_name(name)?.as_str().map(str::to_owned);
        let verb = ["get", "put", "post", "delete", "patch"].into_iter().find(|verb| rule.has_field_by_name(verb))?;
        Some(Self { verb: verb.into(), path: text(verb)?, body: text("body")? })
    }

    /// The fields that the path is made of: `product_id` of `/api/v1/products/{product_id}`.
    fn variables(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split(['}', '=']).next())
    }
}

fn methods(contract: &Contract) -> Vec<&Method> {
    let mut methods: Vec<_> = contract.methods().map(AsRef::as_ref).collect();
    methods.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(methods.len() > 50, "the contract is not empty");
    methods
}

/// Our own files, without those that only repeat what others define.
fn files(pool: &DescriptorPool) -> impl Iterator<Item = FileDescriptor> {
    pool.files().filter(|file| file.package_name().starts_with("ultramarket."))
}

fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.map(|info| info.location.as_slice()).unwrap_or_default();
    let of_path = |location: &&prost_types::source_code_info::Location| location.path == path;
    let comment = locations.iter().find(of_path).and_then(|location| location.leading_comments.clone());
    comment.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn comment_of(method: &MethodDescriptor) -> String {
    comment(&method.parent_file(), method.path())
}

#[test]
fn every_rpc_has_one_route_that_fits_its_request() {
    let contract = Contract::ultramarket();
    let mut findings = Findings::default();
    let mut routes: BTreeMap<String, &str> = BTreeMap::new();
    for method in methods(&contract) {
        let name = method.path.as_str();
        let Some(route) = Route::of(method) else {
            findings.check(false, || format!("{name} has no route"));
            continue;
        };
        let shape = route.path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        let place = format!("{} {}", route.verb, shape.collect::<Vec<_>>().join("{}"));
        let other = routes.insert(place, name);
        findings.check(other.is_none(), || format!("{name} has the route of {}", other.unwrap_or_default()));
        let public = ["/api/v1/", "/.well-known/"].iter().any(|prefix| route.path.starts_with(prefix));
        findings.check(public, || format!("{name}: {} is no path of ours", route.path));
        for variable in route.variables() {
            let field = method.input().get_field_by_name(variable);
            findings.check(field.is_some(), || format!("{name} has no field {variable} for its path"));
        }
        let bodiless = matches!(route.verb.as_str(), "get" | "delete");
        findings
            .check(bodiless == route.body.is_empty(), || format!("{name}: body {:?} of a {}", route.body, route.verb));
        if !["", "*"].contains(&route.body.as_str()) {
            let field = method.input().get_field_by_name(&route.body);
            findings.check(field.is_some(), || format!("{name} has no field {} for its body", route.body));
        }
        let reads = method.idempotency == Idempotency::NoSideEffects;
        findings.check((route.verb == "get") == reads, || format!("{name}: GET and NO_SIDE_EFFECTS go together"));
        findings.check(!(bodiless && method.client_streaming()), || format!("{name} streams requests without a body"));
    }
    findings.assert_none();
}

#[test]
fn every_rpc_has_a_policy_that_can_be_kept() {
    let contract = Contract::ultramarket();
    let pool = contract.pool();
    let roles = pool.get_enum_by_name("ultramarket.identity.v1.Account.Role").expect("accounts have roles");
    let services: BTreeSet<_> = files(pool)
        .flat_map(|file| file.services().collect::<Vec<_>>())
        .collect::<Vec<_>>()
        .iter()
        .filter_map(|service| service.package_name().split('.').nth(1).map(str::to_owned))
        .collect();
    let mut findings = Findings::default();
    for method in methods(&contract) {
        let (name, policy) = (&method.path, &method.policy);
        findings.check(policy.access != Access::Deny, || format!("{name} has no policy"));
        findings.check(!policy.deadline.is_zero(), || format!("{name} has no deadline"));
        let by_role = policy.access == Access::Roles;
        findings.check(by_role != policy.roles.is_empty(), || format!("{name}: roles and ROLES go together"));
        for role in &policy.roles {
            let known = roles.get_value_by_name(role).is_some_and(|value| value.number() != 0);
            findings.check(known, || format!("{name}: {role} is no role"));
        }
        for service in &policy.services {
            findings.check(services.contains(service), || format!("{name}: {service} is no service"));
        }
        let reads = method.idempotency == Idempotency::NoSideEffects;
        findings.check(!(reads && policy.idempotency_key_required), || format!("{name} reads, yet needs a key"));
        findings.check(!(reads && policy.audited), || format!("{name} reads, yet is audited"));
    }
    findings.assert_none();
}

#[test]
fn everything_is_explained() {
    let contract = Contract::ultramarket();
    let mut findings = Findings::default();
    for file in files(contract.pool()) {
        let mut explained = |name: &str, path: &[i32]| {
            findings.check(!comment(&file, path).is_empty(), || format!("{name} has no comment"));
        };
        for service in file.services() {
            explained(service.full_name(), service.path());
            service.methods().for_each(|method| explained(method.full_name(), method.path()));
        }
        let mut enums: Vec<_> = file.enums().collect();
        let mut messages: Vec<_> = file.messages().collect();
        while let Some(message) = messages.pop() {
            if message.is_map_entry() {
                continue;
            }
            explained(message.full_name(), message.path());
            message.fields().for_each(|field| explained(field.full_name(), field.path()));
            let choices = message.oneofs().filter(|choice| !choice.is_synthetic());
            choices.for_each(|choice| explained(choice.full_name(), choice.path()));
            enums.extend(message.child_enums());
            messages.extend(message.child_messages());
        }
        for kind in enums {
            explained(kind.full_name(), kind.path());
            kind.values().for_each(|value| explained(value.full_name(), value.path()));
        }
    }
    findings.assert_none();
}

#[test]
fn nothing_in_a_request_is_without_bounds() {
    let contract = Contract::ultramarket();
    let mut findings = Findings::default();
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = methods(&contract).iter().map(|method| method.input()).collect();
    while let Some(message) = open.pop() {
        if message.full_name().starts_with("google.") || !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields().filter(|field| !is_output_only(field)) {
            let rules = rules(&field);
            let name = field.full_name();
            if field.is_list() {
                findings.check(has(&rules, &["repeated", "max_items"]), || format!("{name} has no max_items"));
            } else if field.is_map() {
                findings.check(has(&rules, &["map", "max_pairs"]), || format!("{name} has no max_pairs"));
            } else if field.kind() == prost_reflect::Kind::String {
                let bounded =
                    ["max_len", "len", "uuid", "pattern", "in"].iter().any(|rule| has(&rules, &["string", rule]));
                findings.check(bounded, || format!("{name} has no max_len"));
            }
            open.extend(field.kind().as_message().filter(|_| !field.is_map()).cloned());
        }
    }
    findings.assert_none();
}

fn is_output_only(field: &prost_reflect::FieldDescriptor) -> bool {
    const OUTPUT_ONLY: i32 = 3;
    let options = field.options();
    let behaviour = field.parent_pool().get_extension_by_name("google.api.field_behavior").expect("is imported");
    let values = options.get_extension(&behaviour);
    values.as_list().is_some_and(|values| values.iter().any(|value| value.as_enum_number() == Some(OUTPUT_ONLY)))
}

fn rules(field: &prost_reflect::FieldDescriptor) -> Value {
    let rules = field.parent_pool().get_extension_by_name("buf.validate.field").expect("is imported");
    field.options().get_extension(&rules).into_owned()
}

/// Whether the rules have the nested field, explicitly.
fn has(rules: &Value, path: &[&str]) -> bool {
    let mut value = rules.clone();
    path.iter().all(|name| {
        let next = value.as_message().filter(|message| message.has_field_by_name(name));
        let next = next.and_then(|message| message.get_field_by_name(name).map(std::borrow::Cow::into_owned));
        next.map(|next| value = next).is_some()
    })
}

#[test]
fn every_rpc_is_called_by_a_test() {
    let contract = Contract::ultramarket();
    let mut findings = Findings::default();
    let mut tests: BTreeMap<String, String> = BTreeMap::new();
    for method in methods(&contract) {
        let domain = method.service.split('.').nth(1).expect("a package is ultramarket.<domain>.v1").to_owned();
        let text = tests.entry(domain).or_insert_with_key(|domain| sources::tests_of(domain));
        let call = format!(".{}(", snake_case(&method.name));
        findings.check(text.contains(&call), || format!("no test of its service calls {}", method.path));
    }
    findings.assert_none();
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

#[test]
fn every_service_of_the_contract_has_its_folder() {
    let contract = Contract::ultramarket();
    let mut findings = Findings::default();
    for file in files(contract.pool()) {
        for service in file.services() {
            let domain = service.package_name().split('.').nth(1).unwrap_or_default().to_owned();
            let folder = sources::root().join("services").join(&domain);
            findings.check(folder.is_dir(), || format!("{} has no folder services/{domain}", service.full_name()));
        }
    }
    findings.assert_none();
}

#[test]
fn events_say_something() {
    let contract = Contract::ultramarket();
    let event =
        |message: &MessageDescriptor| message.package_name().contains(".events.") && message.parent_message().is_none();
    let mut findings = Findings::default();
    for message in contract.pool().all_messages().filter(event) {
        findings.check(message.fields().len() > 0, || format!("{} says nothing", message.full_name()));
    }
    findings.assert_none();
}
