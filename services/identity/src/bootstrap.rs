//! The first administrator.

use std::{fmt, io};

use db::{Db, Tx};
use kernel::random_token;
use secrecy::SecretString;
use serde::Serialize;

use crate::{
    Config, Error,
    app::create,
    domain::account::{Email, Role, Roles},
    hasher::Hasher,
    store::accounts,
};

/// How the first administrator signs in. Exists in this form once, when it was made.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The address.
    pub email: String,
    /// The password, random.
    pub password: String,
}

/// The password is left out.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Creates an administrator with the address and a random password, unless there is one who can sign in.
///
/// `keep` puts the credentials where they will be found, before the account is stored: a process that is killed in
/// between leaves credentials that do not work and are replaced at the next start, never an administrator whose
/// password nobody knows.
///
/// # Errors
/// [`Error::EmailTaken`] if somebody else has the address, [`Error::HandOver`] if `keep` failed, and those of the
/// database. Then no account was made.
pub async fn bootstrap_admin(
    db: &Db,
    config: &Config,
    email: &str,
    keep: impl FnOnce(&Credentials) -> io::Result<()> + Send,
) -> Result<Option<Credentials>, Error> {
    if accounts::has_administrator(db.reader(), None).await? {
        return Ok(None);
    }
    let credentials = Credentials { email: email.to_owned(), password: random_token() };
    let hash = &Hasher::new(&config.password)?.hash(&SecretString::from(credentials.password.as_str())).await?;
    keep(&credentials).map_err(Error::HandOver)?;
    let email = &Email::new(email);
    let created = db.write(|tx| Box::pin(create_first(tx, email, hash))).await?;
    Ok(created.then_some(credentials))
}

async fn create_first(tx: &Tx, email: &Email, hash: &str) -> Result<bool, Error> {
    if accounts::has_administrator(tx, None).await? {
        return Ok(false);
    }
    let roles: Roles = [Role::Admin].into_iter().collect();
    create(tx, email, "Administrator", &roles, hash).await?;
    Ok(true)
}
