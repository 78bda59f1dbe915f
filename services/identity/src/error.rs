//! What can go wrong.

use std::{borrow::Cow, time::Duration};

use kernel::{Classify, Fact, Kind, Violation};
use service_kit::auth::SignerError;

use crate::hasher::HashError;

/// An error of the identity service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is an account with the address.
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    /// The password is among the first that anybody would try.
    #[error("this password is too common")]
    PasswordTooCommon {
        /// The field it came in.
        field: &'static str,
    },
    /// There is no such account, or the password is not its own; which of both is not told.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The password is right, but an administrator has disabled the account.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Too many wrong passwords in a row were tried at the address, which need not be anybody's.
    #[error("too many failed attempts to sign in; try again later or reset the password")]
    AccountLocked {
        /// How long the lock still holds.
        retry_after: Duration,
    },
    /// The refresh token is unknown, used or expired, or its session has ended.
    #[error("the refresh token is not valid; sign in again")]
    InvalidRefreshToken,
    /// The reset token is unknown, used or expired.
    #[error("the reset token is not valid; ask for a new one")]
    InvalidResetToken,
    /// The caller has no such live session.
    #[error("there is no session {session_id}")]
    SessionNotFound {
        /// The session.
        session_id: String,
    },
    /// There is no such account.
    #[error("there is no account {account_id}")]
    AccountNotFound {
        /// The account.
        account_id: String,
    },
    /// Without this administrator there would be none.
    #[error("the last administrator must stay one")]
    LastAdministrator,
    /// A page token of another list.
    #[error(transparent)]
    Page(#[from] kernel::PageError),
    /// Refused before the handler's own rules.
    #[error(transparent)]
    Call(#[from] service_kit::Error),
    /// A message from the bus that is not what it says.
    #[error("read the message")]
    Message(#[from] prost::DecodeError),
    /// A password cannot be hashed.
    #[error("hash a password")]
    Hash(#[from] HashError),
    /// The keys that tokens are signed with cannot be made, read or used.
    #[error("sign with the service's key")]
    Signing(#[from] SignerError),
    /// The new administrator's password could not be handed over, so there is no new administrator.
    #[error("hand over the administrator's password")]
    HandOver(#[source] std::io::Error),
    /// The database.
    #[error("store accounts")]
    Store(#[from] db::Error),
}

impl Error {
    /// A request that the field rules cannot judge.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        Self::Call(service_kit::Error::InvalidRequest(violations))
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::EmailTaken => Kind::AlreadyExists,
            Self::PasswordTooCommon { .. } | Self::InvalidResetToken | Self::Page(_) | Self::Message(_) => {
                Kind::InvalidArgument
            }
            Self::InvalidCredentials | Self::InvalidRefreshToken => Kind::Unauthenticated,
            Self::AccountDisabled => Kind::PermissionDenied,
            Self::AccountLocked { .. } => Kind::ResourceExhausted,
            Self::SessionNotFound { .. } | Self::AccountNotFound { .. } => Kind::NotFound,
            Self::LastAdministrator => Kind::FailedPrecondition,
            Self::Hash(_) | Self::Signing(_) | Self::HandOver(_) => Kind::Internal,
            Self::Call(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::PasswordTooCommon { .. } => "PASSWORD_TOO_COMMON",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::AccountDisabled => "ACCOUNT_DISABLED",
            Self::AccountLocked { .. } => "ACCOUNT_LOCKED",
            Self::InvalidRefreshToken => "INVALID_REFRESH_TOKEN",
            Self::InvalidResetToken => "INVALID_RESET_TOKEN",
            Self::SessionNotFound { .. } => "SESSION_NOT_FOUND",
            Self::AccountNotFound { .. } => "ACCOUNT_NOT_FOUND",
            Self::LastAdministrator => "LAST_ADMINISTRATOR",
            Self::Page(_) => "INVALID_PAGE_TOKEN",
            Self::Message(_) => "INVALID_REQUEST",
            Self::Hash(_) | Self::Signing(_) | Self::HandOver(_) => "INTERNAL",
            Self::Call(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::SessionNotFound { session_id } => vec![("sessionId", session_id.clone())],
            Self::AccountNotFound { account_id } => vec![("accountId", account_id.clone())],
            Self::Call(error) => error.facts(),
            Self::EmailTaken
            | Self::PasswordTooCommon { .. }
            | Self::InvalidCredentials
            | Self::AccountDisabled
            | Self::AccountLocked { .. }
            | Self::InvalidRefreshToken
            | Self::InvalidResetToken
            | Self::LastAdministrator
            | Self::Page(_)
            | Self::Message(_)
            | Self::Hash(_)
            | Self::Signing(_)
            | Self::HandOver(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::PasswordTooCommon { field } => Cow::Owned(vec![Violation::new(*field, "is too common")]),
            Self::Call(error) => error.violations(),
            _ => Cow::Borrowed(&[]),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::AccountLocked { retry_after } => Some(*retry_after),
            Self::Call(error) => error.retry_after(),
            _ => None,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        service_kit::status(error)
    }
}
