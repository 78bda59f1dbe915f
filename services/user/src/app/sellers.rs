//! Applying to sell, and being approved.

use db::Tx;
use kernel::{PageError, PageSize, Timestamp};
use ultramarket_api::user::events::v1::SellerApproved;

use super::{Me, Users, profile::ensure};
use crate::{
    Error,
    domain::{
        UserId,
        seller::{Seller, Status},
    },
    metrics::{APPLICATIONS, APPROVALS},
    store::{
        profiles,
        sellers::{self, Position},
    },
};

impl Users {
    pub(crate) async fn apply_as_seller(&self, me: &Me, shop_name: &str) -> Result<Seller, Error> {
        let seller = self.db.write(|tx| Box::pin(apply(tx, me, shop_name))).await?;
        metrics::counter!(APPLICATIONS).increment(1);
        Ok(seller)
    }

    pub(crate) async fn approve_seller(&self, user: UserId) -> Result<Seller, Error> {
        let (seller, new) = self.db.write(|tx| Box::pin(approve(tx, user))).await?;
        if new {
            metrics::counter!(APPROVALS).increment(1);
            tracing::info!(user.id = %user, "seller approved");
        }
        Ok(seller)
    }

    /// A page of sellers, and the token of the next one if there is one. `scope` is whose list it is.
    pub(crate) async fn list_sellers(
        &self,
        status: Option<Status>,
        size: PageSize,
        token: &str,
        scope: &[&str],
    ) -> Result<(Vec<Seller>, String), Error> {
        let after = self.pages.decode(scope, token)?.as_deref().map(parse_position).transpose()?;
        let limit = u64::from(size.get());
        let mut page = sellers::list(self.db.reader(), status, after.as_ref(), limit + 1).await?;
        let more = page.len() as u64 > limit;
        page.truncate(size.get() as usize);
        let next = page.last().filter(|_| more).map(|last| {
            let position = format!("{} {}", last.applied_at.micros(), last.user);
            self.pages.encode(scope, &position)
        });
        Ok((page, next.unwrap_or_default()))
    }
}

async fn apply(tx: &Tx, me: &Me, shop_name: &str) -> Result<Seller, Error> {
    let before = ensure(tx, me).await?.seller;
    let seller = Seller::apply(before.as_ref(), me.user, shop_name.to_owned(), tx.now())?;
    if before.as_ref() != Some(&seller) {
        sellers::save(tx, &seller).await?;
        profiles::touch(tx, me.user).await?;
    }
    Ok(seller)
}

/// The approved seller, and whether that is new.
async fn approve(tx: &Tx, user: UserId) -> Result<(Seller, bool), Error> {
    let not_found = || Error::SellerNotFound { user_id: user.to_string() };
    let seller = sellers::find(tx, user).await?.ok_or_else(not_found)?;
    let new = sellers::approve(tx, user).await?;
    if new {
        profiles::touch(tx, user).await?;
        let event = SellerApproved { user_id: user.to_string(), shop_name: seller.shop_name.clone() };
        tx.emit(&event.user_id, &event).await?;
    }
    Ok((Seller { status: Status::Approved, ..seller }, new))
}

/// A position that we signed, so it is one.
fn parse_position(text: &str) -> Result<Position, PageError> {
    let parse = || {
        let (applied_at, user) = text.split_once(' ')?;
        Some(Position { applied_at: Timestamp::from_micros(applied_at.parse().ok()?), user: user.parse().ok()? })
    };
    parse().ok_or(PageError::InvalidToken)
}
