//! The use cases, one file each.

mod administration;
mod password;
mod refresh;
mod registration;
mod sessions;
mod sign_in;

use std::{sync::Arc, time::Duration};

use db::Db;
use kernel::{PageTokens, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use service_kit::{
    Tasks,
    auth::{AUDIENCE, Claims},
};

pub(crate) use administration::add_role;
pub(crate) use registration::create;

use crate::{
    Config, Error,
    domain::{
        account::{Account, Email, Role},
        lockout::Lockout,
        password::is_too_common,
        session::{Lifetimes, Session},
    },
    hasher::Hasher,
    keys::KeyRing,
};

/// The service, as its handlers see it.
pub(crate) struct Identity {
    pub(crate) db: Db,
    pub(crate) hasher: Hasher,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) pages: PageTokens,
    pub(crate) tasks: Tasks,
    pub(crate) config: Config,
}

/// An answer that stands together with what was stored for it: a refusal too may leave something behind, such as a
/// counted failure.
type Decided<T> = Result<Result<T, Error>, Error>;

/// A new account, asked for.
pub(crate) struct Registration {
    pub(crate) email: Email,
    pub(crate) password: SecretString,
    pub(crate) display_name: String,
}

/// An attempt to sign in.
pub(crate) struct SignIn {
    pub(crate) email: Email,
    pub(crate) password: SecretString,
    pub(crate) device: String,
}

/// What a session hands to its owner.
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) expires_in: Duration,
    pub(crate) refresh_token: String,
    pub(crate) session: Session,
}

/// A refresh token that was just stored, and what the access token beside it will state.
struct Grant {
    account: Account,
    session: Session,
    refresh_token: String,
}

impl Identity {
    fn now(&self) -> Timestamp {
        self.db.clock().now()
    }

    fn lifetimes(&self) -> Lifetimes {
        self.config.lifetimes()
    }

    fn lockout(&self) -> Lockout {
        self.config.lockout()
    }

    /// Both tokens. The access token ends with its session, if that is earlier.
    async fn tokens(&self, grant: Grant) -> Result<Tokens, Error> {
        let Grant { account, session, refresh_token } = grant;
        let now = self.now();
        let expires_in = self.config.access_token_lifetime().min(session.expires_at.since(now));
        let claims = Claims {
            iss: self.config.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account.id.to_string(),
            iat: now.unix_seconds(),
            nbf: now.unix_seconds(),
            exp: (now + expires_in).unix_seconds(),
            jti: self.db.ids().uuid().to_string(),
            sid: session.id.to_string(),
            email: account.email.written().to_owned(),
            roles: account.roles.iter().map(Role::name).map(str::to_owned).collect(),
        };
        let access_token = self.keys.sign(claims).await?;
        Ok(Tokens { access_token, expires_in, refresh_token, session })
    }

    /// Refuses a new password that is among the first to be tried for its owner.
    fn refuse_common(
        &self,
        field: &'static str,
        password: &SecretString,
        email: &Email,
        display_name: &str,
    ) -> Result<(), Error> {
        let mut personal = vec![email.written(), display_name];
        personal.extend(self.config.forbidden_words.iter().map(String::as_str));
        if is_too_common(password.expose_secret(), &personal) {
            return Err(Error::PasswordTooCommon { field });
        }
        Ok(())
    }
}
