//! Who is signed in where.

use std::str::FromStr;

use super::Identity;
use crate::{
    Error,
    domain::{
        account::AccountId,
        session::{Session, SessionId},
    },
    store::sessions::{self, Owned, Reason},
};

/// As many sessions as a list shows.
const MAX_LISTED: u64 = 100;

impl Identity {
    /// The session of an access token. Other services believe a token until it expires; here, where power over
    /// accounts is, its session must still be live.
    pub(crate) async fn live_session(&self, token: &service_kit::Account) -> Result<Owned, Error> {
        let ended = Error::Call(service_kit::Error::InvalidToken);
        let (Some(account), Some(session)) = (id::<AccountId>(&token.id), id::<SessionId>(&token.session)) else {
            return Err(ended);
        };
        let owned = sessions::find(self.db.reader(), session).await?;
        let now = self.now();
        let live = |owned: &Owned| {
            owned.account.id == account && !owned.account.disabled && owned.session.is_live(now, &self.lifetimes())
        };
        owned.filter(live).ok_or(ended)
    }

    pub(crate) async fn list_sessions(&self, account: AccountId) -> Result<Vec<Session>, Error> {
        Ok(sessions::list_live(self.db.reader(), account, self.now(), &self.lifetimes(), MAX_LISTED).await?)
    }

    pub(crate) async fn revoke_session(&self, account: AccountId, session: SessionId) -> Result<(), Error> {
        let lifetimes = &self.lifetimes();
        let end = self.db.write(|tx| Box::pin(sessions::end(tx, account, session, Reason::Revoked, lifetimes)));
        if end.await? { Ok(()) } else { Err(Error::SessionNotFound { session_id: session.to_string() }) }
    }

    /// Ends the session of the token, or all of its account. Fine if it has ended already.
    pub(crate) async fn sign_out(&self, token: &service_kit::Account, all: bool) -> Result<(), Error> {
        let (Some(account), Some(session)) = (id::<AccountId>(&token.id), id::<SessionId>(&token.session)) else {
            return Ok(());
        };
        if all {
            self.db.write(|tx| Box::pin(sessions::end_all(tx, account, None, Reason::SignedOut))).await?;
        } else {
            let lifetimes = &self.lifetimes();
            self.db.write(|tx| Box::pin(sessions::end(tx, account, session, Reason::SignedOut, lifetimes))).await?;
        }
        Ok(())
    }
}

fn id<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
