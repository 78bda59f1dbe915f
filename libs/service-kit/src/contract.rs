//! The contract at run time: what the descriptor set says about each RPC.

use std::{collections::HashMap, sync::Arc, time::Duration};

use kernel::Violation;
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, ReflectMessage, Value};

use crate::validate::Rules;

const POLICY: &str = "ultramarket.options.v1.policy";
const HTTP: &str = "google.api.http";

/// Why a descriptor set is no contract.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no descriptor set.
    #[error("descriptor set is malformed")]
    Malformed(#[from] prost_reflect::DescriptorError),
    /// A field rule cannot be enforced.
    #[error("rule of {field} cannot be enforced: {problem}")]
    Rule {
        /// The full name of the field.
        field: String,
        /// What is wrong with the rule.
        problem: String,
    },
}

/// Who the caller of an RPC must be. The names are those of `ultramarket.options.v1.Policy.Access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody: the RPC has no policy.
    Deny,
    /// Anybody.
    Public,
    /// A signed-in account, or a guest with the object's own token, which the service checks.
    Guest,
    /// A signed-in account.
    Authenticated,
    /// A signed-in account with one of the policy's roles.
    Roles,
}

/// The class whose rate limit counts a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateClass {
    /// Everything else.
    Standard,
    /// Sign-in and the like.
    Auth,
    /// Calls that move money.
    Payment,
}

/// The policy of one RPC, as the contract states it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who the caller must be.
    pub access: Access,
    /// With [`Access::Roles`]: any of these suffices.
    pub roles: Vec<String>,
    /// Workloads besides the gateway that may call the RPC.
    pub services: Vec<String>,
    /// How long the RPC may take.
    pub deadline: Duration,
    /// The class of its rate limit.
    pub rate_class: RateClass,
    /// The call must carry an idempotency key.
    pub idempotency_key_required: bool,
    /// Each call leaves an audit record.
    pub audited: bool,
}

impl Policy {
    fn deny() -> Self {
        Self {
            access: Access::Deny,
            roles: Vec::new(),
            services: Vec::new(),
            deadline: Duration::from_secs(3),
            rate_class: RateClass::Standard,
            idempotency_key_required: false,
            audited: false,
        }
    }

    fn of(method: &MethodDescriptor) -> Self {
        let Some(policy) = extension(&method.options(), POLICY) else { return Self::deny() };
        let Value::Message(policy) = policy else { return Self::deny() };
        let number = |name: &str| {
            policy
                .get_field_by_name(name)
                .and_then(|value| value.as_enum_number().map(i64::from).or_else(|| value.as_u32().map(i64::from)))
        };
        let flag = |name: &str| policy.get_field_by_name(name).and_then(|value| value.as_bool()).unwrap_or(false);
        let names = |name: &str| -> Vec<String> {
            let value = policy.get_field_by_name(name);
            let list = value.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            access: match number("access") {
                Some(1) => Access::Public,
                Some(2) => Access::Guest,
                Some(3) => Access::Authenticated,
                Some(4) => Access::Roles,
                _ => Access::Deny,
            },
            roles: names("roles"),
            services: names("services"),
            deadline: Duration::from_millis(
                number("deadline_ms").and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0),
            ),
            rate_class: match number("rate_class") {
                Some(1) => RateClass::Auth,
                Some(2) => RateClass::Payment,
                _ => RateClass::Standard,
            },
            idempotency_key_required: flag("idempotency_key_required"),
            audited: flag("audited"),
        }
    }
}

/// What may be assumed about calling an RPC twice: the protobuf built-in `idempotency_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing: never retried without an idempotency key.
    Unknown,
    /// It changes nothing.
    NoSideEffects,
    /// Twice is as good as once.
    Idempotent,
}

/// One RPC of the contract.
#[derive(Debug)]
pub struct Method {
    /// The gRPC path, `/package.Service/Method`.
    pub path: String,
    /// The service, `package.Service`.
    pub service: String,
    /// The method's own name.
    pub name: String,
    /// The policy.
    pub policy: Policy,
    /// What may be assumed about calling it twice.
    pub idempotency: Idempotency,
    /// Its descriptor, for those who need more.
    pub descriptor: MethodDescriptor,
}

impl Method {
    fn new(descriptor: MethodDescriptor) -> Self {
        let service = descriptor.parent_service().full_name().to_owned();
        let name = descriptor.name().to_owned();
        let level =
            descriptor.options().get_field_by_name("idempotency_level").and_then(|level| level.as_enum_number());
        Self {
            path: format!("/{service}/{name}"),
            policy: Policy::of(&descriptor),
            idempotency: match level {
                Some(1) => Idempotency::NoSideEffects,
                Some(2) => Idempotency::Idempotent,
                _ => Idempotency::Unknown,
            },
            service,
            name,
            descriptor,
        }
    }

    /// Its request is a stream.
    #[must_use]
    pub fn client_streaming(&self) -> bool {
        self.descriptor.is_client_streaming()
    }

    /// Its reply is a stream.
    #[must_use]
    pub fn server_streaming(&self) -> bool {
        self.descriptor.is_server_streaming()
    }

    /// The message of its requests.
    #[must_use]
    pub fn input(&self) -> MessageDescriptor {
        self.descriptor.input()
    }

    /// The message of its replies.
    #[must_use]
    pub fn output(&self) -> MessageDescriptor {
        self.descriptor.output()
    }

    /// Its `google.api.http` rule, as a message of that type.
    #[must_use]
    pub fn http_rule(&self) -> Option<DynamicMessage> {
        match extension(&self.descriptor.options(), HTTP)? {
            Value::Message(rule) => Some(rule),
            _ => None,
        }
    }
}

/// All RPCs of a descriptor set, with their policies and field rules.
#[derive(Debug)]
pub struct Contract {
    pool: DescriptorPool,
    methods: HashMap<String, Arc<Method>>,
    rules: Rules,
}

impl Contract {
    /// The contract of UltraMarket itself.
    ///
    /// # Panics
    /// Never in a build whose contract test passes: the descriptor set is compiled in.
    #[must_use]
    pub fn ultramarket() -> Self {
        Self::load(ultramarket_api::FILE_DESCRIPTOR_SET).expect("the compiled-in contract is loadable, as a test shows")
    }

    /// Reads an encoded `google.protobuf.FileDescriptorSet`.
    ///
    /// # Errors
    /// Malformed bytes; a field rule that cannot be enforced.
    pub fn load(descriptor_set: &[u8]) -> Result<Self, LoadError> {
        let pool = DescriptorPool::decode(descriptor_set)?;
        let methods = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|descriptor| Arc::new(Method::new(descriptor)))
            .map(|method| (method.path.clone(), method))
            .collect();
        let rules = Rules::compile(&pool)?;
        Ok(Self { pool, methods, rules })
    }

    /// The descriptors.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The RPC with the gRPC path.
    #[must_use]
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// All RPCs, in no order.
    pub fn methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.methods.values()
    }

    /// Checks a message against its field rules and reports all that is wrong. The pipeline does this for unary
    /// requests; a handler of a client stream does it for each message.
    ///
    /// # Errors
    /// The violations, in the order of the wire.
    pub fn validate<M: Message + Name>(&self, message: &M) -> Result<(), Vec<Violation>> {
        self.validate_encoded(&M::full_name(), &message.encode_to_vec())
    }

    /// As [`Contract::validate`], for an encoded message.
    ///
    /// # Errors
    /// The violations; a single one without a field if the bytes are no protobuf message.
    pub fn validate_encoded(&self, message: &str, bytes: &[u8]) -> Result<(), Vec<Violation>> {
        self.rules.check(message, bytes)
    }
}

pub(crate) fn extension(options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension = options.descriptor().parent_pool().get_extension_by_name(name)?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_an_rpc_is_read_from_the_contract() {
        let contract = Contract::ultramarket();
        let place = contract.method("/ultramarket.order.v1.OrderService/PlaceOrder").expect("exists");
        assert_eq!(place.policy.access, Access::Guest);
        assert_eq!(place.policy.rate_class, RateClass::Payment);
        assert_eq!(place.policy.deadline, Duration::from_secs(8));
        assert!(place.policy.idempotency_key_required && place.policy.audited);
        assert_eq!(place.idempotency, Idempotency::Unknown);

        let export = contract.method("/ultramarket.catalog.v1.CatalogService/ExportProducts").expect("exists");
        assert_eq!(export.policy.access, Access::Roles);
        assert_eq!(export.policy.roles, ["ADMIN"]);
        assert_eq!(export.policy.services, ["search"]);
        assert_eq!(export.idempotency, Idempotency::NoSideEffects);
        assert!(export.server_streaming() && !export.client_streaming());
        assert!(export.http_rule().is_some());
    }
}
