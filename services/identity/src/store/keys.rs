//! Signing keys.

use db::Tx;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};

use super::{
    entity::signing_key::{ActiveModel, Column, Entity},
    time,
};
use crate::domain::signing_key::{Key, State};

/// A key, and its private part.
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) pkcs8: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
#[error("unknown state {0:?}")]
struct UnknownState(String);

/// All keys, the youngest in its state first.
pub(crate) async fn list(db: &impl ConnectionTrait) -> Result<Vec<Stored>, db::Error> {
    let rows = Entity::find().order_by_desc(Column::Since).order_by_asc(Column::Kid).all(db).await?;
    let stored = rows.into_iter().map(|row| {
        let state = State::named(&row.state).ok_or_else(|| db::Error::Corrupt {
            what: "the state of a signing key",
            source: UnknownState(row.state.clone()).into(),
        })?;
        Ok(Stored { key: Key { kid: row.kid, state, since: time(row.since) }, pkcs8: row.pkcs8 })
    });
    stored.collect()
}

/// Stores a new key, unless there is one in that state.
pub(crate) async fn insert(tx: &Tx, kid: &str, pkcs8: &[u8], state: State) -> Result<(), db::Error> {
    let row = ActiveModel {
        kid: Set(kid.to_owned()),
        pkcs8: Set(pkcs8.to_vec()),
        state: Set(state.name().to_owned()),
        since: Set(tx.now().micros()),
    };
    // Another replica may have been faster; then its key is as good.
    let unless_there = OnConflict::new().do_nothing().to_owned();
    Entity::insert(row).on_conflict(unless_there).exec_without_returning(tx).await?;
    Ok(())
}

/// Brings a key from one state into another, if it is in that one.
pub(crate) async fn change(tx: &Tx, kid: &str, from: State, to: State) -> Result<(), db::Error> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(to.name()))
        .col_expr(Column::Since, Expr::value(tx.now().micros()))
        .filter(Column::Kid.eq(kid))
        .filter(Column::State.eq(from.name()));
    update.exec(tx).await?;
    Ok(())
}

/// Forgets a retired key.
pub(crate) async fn remove(tx: &Tx, kid: &str) -> Result<(), db::Error> {
    let retired = Column::State.eq(State::Retired.name());
    Entity::delete_many().filter(Column::Kid.eq(kid)).filter(retired).exec(tx).await?;
    Ok(())
}
