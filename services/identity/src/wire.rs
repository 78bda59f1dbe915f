//! Between the contract and the domain.

use kernel::Violation;
use secrecy::SecretString;
use service_kit::wire::timestamp;
use ultramarket_api::identity::v1 as pb;

use crate::{
    Error,
    app::{Registration, SignIn, Tokens},
    domain::{
        account::{Account, Email, Role, Roles},
        session::{Session, SessionId},
    },
};

/// Collects what is wrong with texts that the field rules let pass.
#[derive(Default)]
struct Checks(Vec<Violation>);

impl Checks {
    /// Text for people, without what would break a line, a mail header or a terminal.
    fn plain(mut self, field: &str, text: &str) -> Self {
        if text.chars().any(char::is_control) {
            self.0.push(Violation::new(field, "must not have control characters"));
        }
        self
    }

    fn done<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::invalid(self.0)) }
    }
}

/// An address to look for.
pub(crate) fn email(text: &str) -> Result<Email, Error> {
    Checks::default().plain("email", text).done(Email::new(text))
}

/// A password to be.
pub(crate) fn new_password(field: &str, password: String) -> Result<SecretString, Error> {
    Checks::default().plain(field, &password).done(SecretString::from(password))
}

impl TryFrom<pb::RegisterRequest> for Registration {
    type Error = Error;

    fn try_from(request: pb::RegisterRequest) -> Result<Self, Error> {
        let checks = Checks::default()
            .plain("email", &request.email)
            .plain("password", &request.password)
            .plain("displayName", &request.display_name);
        checks.done(Self {
            email: Email::new(&request.email),
            password: SecretString::from(request.password),
            display_name: request.display_name.trim().to_owned(),
        })
    }
}

impl TryFrom<pb::LoginRequest> for SignIn {
    type Error = Error;

    fn try_from(request: pb::LoginRequest) -> Result<Self, Error> {
        let checks = Checks::default().plain("email", &request.email).plain("device", &request.device);
        checks.done(Self {
            email: Email::new(&request.email),
            password: SecretString::from(request.password),
            device: request.device.trim().to_owned(),
        })
    }
}

impl From<Tokens> for pb::TokenResponse {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer".to_owned(),
            expires_in_seconds: i32::try_from(tokens.expires_in.as_secs()).unwrap_or(i32::MAX),
            refresh_token: tokens.refresh_token,
            session_id: tokens.session.id.to_string(),
        }
    }
}

impl From<Account> for pb::Account {
    fn from(account: Account) -> Self {
        Self {
            account_id: account.id.to_string(),
            email: account.email.written().to_owned(),
            display_name: account.display_name,
            // Plain roles first, as a reader expects them.
            roles: [Role::Customer, Role::Seller, Role::Admin]
                .into_iter()
                .filter(|role| account.roles.has(*role))
                .map(|role| pb::account::Role::from(role).into())
                .collect(),
            disabled: account.disabled,
            create_time: Some(timestamp(account.created_at)),
        }
    }
}

impl From<Role> for pb::account::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Customer => Self::Customer,
            Role::Seller => Self::Seller,
        }
    }
}

/// Roles from the contract. CUSTOMER is there whether it is said or not.
pub(crate) fn roles(request: &pb::SetRolesRequest) -> Roles {
    request
        .roles()
        .filter_map(|role| match role {
            pb::account::Role::Unspecified => None,
            pb::account::Role::Customer => Some(Role::Customer),
            pb::account::Role::Seller => Some(Role::Seller),
            pb::account::Role::Admin => Some(Role::Admin),
        })
        .collect()
}

/// A session, as its owner sees it from the session `current`.
pub(crate) fn session(session: Session, current: SessionId) -> pb::Session {
    pb::Session {
        session_id: session.id.to_string(),
        device: session.device,
        create_time: Some(timestamp(session.created_at)),
        last_used_time: Some(timestamp(session.last_used_at)),
        expire_time: Some(timestamp(session.expires_at)),
        current: session.id == current,
    }
}
