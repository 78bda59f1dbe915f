//! The caller's profile.
//!
//! It may be asked for before the news of the account has come; then it is made of what the access token states, and
//! the news adds what the token does not.

use db::Tx;

use super::{Me, UpdateMe, Users};
use crate::{
    Error,
    domain::{
        UserId,
        profile::{About, Profile},
    },
    store::profiles,
};

impl Users {
    pub(crate) async fn me(&self, me: &Me) -> Result<Profile, Error> {
        match profiles::find(self.db.reader(), me.user).await? {
            Some(profile) => Ok(profile),
            None => self.db.write(|tx| Box::pin(ensure(tx, me))).await,
        }
    }

    pub(crate) async fn update_me(&self, me: &Me, update: &UpdateMe) -> Result<Profile, Error> {
        self.db.write(|tx| Box::pin(change(tx, me, update))).await
    }
}

/// The caller's profile, made if there is none.
pub(super) async fn ensure(tx: &Tx, me: &Me) -> Result<Profile, Error> {
    if let Some(profile) = profiles::find(tx, me.user).await? {
        return Ok(profile);
    }
    profiles::insert(tx, me.user, &me.email, &About::default()).await?;
    stored(tx, me.user).await
}

async fn change(tx: &Tx, me: &Me, update: &UpdateMe) -> Result<Profile, Error> {
    let profile = ensure(tx, me).await?;
    let current = profile.etag();
    if update.etag.as_ref().is_some_and(|etag| *etag != current) {
        return Err(Error::EtagMismatch { current });
    }
    let about = update.change.clone().apply(&profile.about);
    if about == profile.about {
        return Ok(profile);
    }
    profiles::update(tx, me.user, &profile.email, &about).await?;
    stored(tx, me.user).await
}

/// An account was registered. What its owner has written in the meantime stays.
pub(crate) async fn registered(tx: &Tx, user: UserId, email: &str, display_name: &str) -> Result<(), Error> {
    let about = About { display_name: display_name.to_owned(), ..About::default() };
    let Some(profile) = profiles::find(tx, user).await? else {
        return Ok(profiles::insert(tx, user, email, &about).await?);
    };
    let name = Some(&profile.about.display_name).filter(|name| !name.is_empty());
    let about = About { display_name: name.unwrap_or(&about.display_name).clone(), ..profile.about.clone() };
    if profile.email != email || profile.about != about {
        profiles::update(tx, user, email, &about).await?;
    }
    Ok(())
}

async fn stored(tx: &Tx, user: UserId) -> Result<Profile, Error> {
    Ok(profiles::find(tx, user).await?.expect("a profile is there in the transaction that stored it"))
}
