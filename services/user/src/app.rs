//! The use cases, one file each.

mod addresses;
mod profile;
mod sellers;

use db::Db;
use kernel::PageTokens;

pub(crate) use profile::registered;

use crate::{
    Config, Error,
    domain::{UserId, profile::Change},
};

/// The service, as its handlers see it.
pub(crate) struct Users {
    pub(crate) db: Db,
    pub(crate) pages: PageTokens,
    pub(crate) config: Config,
}

/// The person who calls, as their access token states it.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) user: UserId,
    pub(crate) email: String,
}

/// New values for some of the caller's profile, for the version with the etag if there is one.
#[derive(Debug)]
pub(crate) struct UpdateMe {
    pub(crate) change: Change,
    pub(crate) etag: Option<String>,
}

impl TryFrom<&service_kit::Account> for Me {
    type Error = Error;

    fn try_from(account: &service_kit::Account) -> Result<Self, Error> {
        let user = account.id.parse().map_err(|_| service_kit::Error::InvalidToken)?;
        Ok(Self { user, email: account.email.clone() })
    }
}
