//! Hands mail over. A mailer that has taken a piece of mail must not lose it; the same piece may be handed over twice,
//! with the same id, when we did not live to note that it was taken.

mod eml;
mod folder;

use std::{fmt, path::PathBuf, sync::Arc};

use kernel::Timestamp;
use lettre::message::Mailbox;
use tonic::codegen::async_trait;

use folder::Folder;

/// The schemes that [`connect`] knows.
const SCHEMES: &[&str] = &["file"];

/// A piece of mail. It may hold a secret, and always somebody's address: it cannot be printed.
#[derive(Clone)]
pub(crate) struct Mail {
    /// The notification's id: the same for every try.
    pub(crate) id: String,
    pub(crate) from: Mailbox,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) date: Timestamp,
}

/// Mail was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    /// It never will be.
    #[error("the mail cannot be sent: {0}")]
    Unsendable(String),
    /// It may be, later.
    #[error("hand over the mail")]
    Away(#[from] std::io::Error),
}

/// Takes mail.
#[async_trait]
pub(crate) trait Mailer: Send + Sync + fmt::Debug {
    /// Takes one piece of mail, for good.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// A mailer as the postman holds it.
pub(crate) type SharedMailer = Arc<dyn Mailer>;

/// The URL names no mailer.
#[derive(Debug, thiserror::Error)]
#[error("no mailer for {url:?}; there is: {}", SCHEMES.join(", "))]
pub(crate) struct ConnectError {
    url: String,
}

/// The mailer that `url` names. `file://folder` writes `.eml` files.
pub(crate) fn connect(url: &str) -> Result<SharedMailer, ConnectError> {
    match url.split_once("://") {
        Some(("file", folder)) if !folder.is_empty() => Ok(Arc::new(Folder::new(PathBuf::from(folder)))),
        _ => Err(ConnectError { url: url.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mailer_is_refused_with_the_known_ones() {
        assert!(connect("file:///tmp/mail").is_ok());
        for url in ["smtp://localhost", "file://", "mail", ""] {
            let error = connect(url).expect_err("is refused").to_string();
            assert!(error.ends_with("there is: file"), "{error}");
        }
    }
}
