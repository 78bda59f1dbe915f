//! Taking a guest's cart over after signing in.

use db::Tx;
use prost::Message;
use ultramarket_api::cart::v1::{MergeAdjustment, MergeCartResponse};

use crate::{
    Error,
    domain::merge,
    owner::Owner,
    store::{self, items, merges},
};

/// Moves the lines of the guest's cart into the account's and tells what could not be taken over whole. The guest's
/// cart is remembered: merging it again into the same account changes nothing and tells the same, and for everybody
/// else it is gone.
pub(super) async fn merge(tx: &Tx, account_id: &str, guest: &Owner) -> Result<Vec<MergeAdjustment>, Error> {
    let Owner::Guest(token_hash) = guest else { return Err(Error::CartNotFound) };
    let guest = merges::guest(tx, token_hash).await?.ok_or(Error::CartNotFound)?;
    match guest.merged {
        Some((into, report)) if into == account_id => return told(&report),
        Some(_) => return Err(Error::CartNotFound),
        None => {}
    }
    let lines = items::of(tx, &guest.cart_id).await?;
    let mut adjustments = Vec::new();
    if !lines.is_empty() {
        let touched = store::touch_account(tx, account_id).await?;
        let own = items::of(tx, &touched.cart_id).await?;
        let merged = merge::merge(&own, &lines, touched.version);
        items::put(tx, &touched.cart_id, &merged.changed).await?;
        items::clear(tx, &guest.cart_id).await?;
        adjustments = merged.adjustments.into_iter().map(MergeAdjustment::from).collect();
    }
    let report = MergeCartResponse { cart: None, adjustments };
    merges::remember(tx, &guest.cart_id, account_id, report.encode_to_vec()).await?;
    Ok(report.adjustments)
}

fn told(report: &[u8]) -> Result<Vec<MergeAdjustment>, Error> {
    let report = MergeCartResponse::decode(report)
        .map_err(|error| db::Error::Corrupt { what: "the report of a merge", source: error.into() })?;
    Ok(report.adjustments)
}
