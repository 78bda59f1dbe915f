//! Whose authority an import has.

use std::{fmt, fs, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

/// The file in a data directory that holds the first administrator's credentials.
pub(crate) const FILE: &str = "admin-credentials.json";

/// Whose authority an import has.
pub(crate) enum Authority {
    /// That of an access token, for as long as it lives.
    Token(String),
    /// That of an account.
    Credentials(Credentials),
}

/// What an account signs in with.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Credentials {
    /// The account's address.
    pub(crate) email: String,
    /// The account's password.
    pub(crate) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// The administrator's, from a data directory.
    ///
    /// # Errors
    /// They are not there, cannot be read, or are none.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, Failure> {
        let path = data_dir.join(FILE);
        let unusable = |why: &dyn fmt::Display| {
            let message =
                format!("cannot read {}: {why}; name its directory by --data-dir, or give --token", path.display());
            Failure::new(Exit::NoInput, message)
        };
        let text = fs::read_to_string(&path).map_err(|error| unusable(&error))?;
        serde_json::from_str(&text).map_err(|_| unusable(&"it does not hold {\"email\",\"password\"}"))
    }
}

/// The account that a bearer token names. Not verified: the server does that.
pub(crate) fn subject(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let claims = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims.sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_never_shown() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(FILE), r#"{"email":"admin@localhost","password":"secret"}"#).expect("writes");
        let credentials = Credentials::read(directory.path()).expect("reads");
        assert_eq!((credentials.email.as_str(), credentials.password.as_str()), ("admin@localhost", "secret"));
        assert!(!format!("{credentials:?}").contains("secret"));
    }

    #[test]
    fn credentials_that_are_none_are_told_without_their_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let missing = Credentials::read(directory.path()).expect_err("there are none");
        assert_eq!(missing.exit(), Exit::NoInput);
        fs::write(directory.path().join(FILE), r#"{"password":"secret"}"#).expect("writes");
        let wrong = Credentials::read(directory.path()).expect_err("no address").to_string();
        assert!(wrong.contains(FILE) && !wrong.contains("secret"), "{wrong}");
    }

    #[test]
    fn a_token_names_its_account() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"ann","exp":1}"#);
        assert_eq!(subject(&format!("Bearer e30.{claims}.c2ln")), Some("ann".into()));
        assert_eq!(subject("opaque"), None);
        assert_eq!(subject("a.!.b"), None);
    }
}
