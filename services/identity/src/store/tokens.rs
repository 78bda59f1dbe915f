//! Refresh tokens.

use db::Tx;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{
    entity::refresh_token::{ActiveModel, Column, Entity, Model},
    read, time,
};
use crate::domain::session::{SessionId, Use};

/// A refresh token that was given out.
pub(crate) struct Token {
    pub(crate) session: SessionId,
    pub(crate) state: Use,
}

impl TryFrom<Model> for Token {
    type Error = db::Error;

    fn try_from(row: Model) -> Result<Self, db::Error> {
        let state = match (row.voided_at, row.used_at, row.replaced_by) {
            (Some(_), _, _) => Use::Void,
            (None, Some(at), Some(successor)) => Use::Exchanged { at: time(at), successor },
            (None, _, _) => Use::Unused,
        };
        Ok(Self { session: read("a session id", &row.session_id)?, state })
    }
}

pub(crate) async fn insert(tx: &Tx, digest: &str, session: SessionId) -> Result<(), db::Error> {
    let row = ActiveModel {
        digest: Set(digest.to_owned()),
        session_id: Set(session.to_string()),
        used_at: Set(None),
        replaced_by: Set(None),
        voided_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub(crate) async fn find(db: &impl ConnectionTrait, digest: &str) -> Result<Option<Token>, db::Error> {
    Entity::find_by_id(digest).one(db).await?.map(Token::try_from).transpose()
}

/// Notes the exchange of an unused token, and tells whether it was one: of two at once, one finds it used.
pub(crate) async fn exchange(tx: &Tx, digest: &str, successor: &str) -> Result<bool, db::Error> {
    let update = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(tx.now().micros()))
        .col_expr(Column::ReplacedBy, Expr::value(successor))
        .filter(Column::Digest.eq(digest))
        .filter(Column::UsedAt.is_null())
        .filter(Column::VoidedAt.is_null());
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// Notes a further exchange of a used token for `successor`, which takes the place of `lost`. Tells whether `lost` was
/// still unused.
pub(crate) async fn exchange_again(tx: &Tx, digest: &str, lost: &str, successor: &str) -> Result<bool, db::Error> {
    let void = Entity::update_many()
        .col_expr(Column::VoidedAt, Expr::value(tx.now().micros()))
        .filter(Column::Digest.eq(lost))
        .filter(Column::UsedAt.is_null())
        .filter(Column::VoidedAt.is_null());
    if void.exec(tx).await?.rows_affected != 1 {
        return Ok(false);
    }
    let update = Entity::update_many().col_expr(Column::ReplacedBy, Expr::value(successor));
    update.filter(Column::Digest.eq(digest)).exec(tx).await?;
    Ok(true)
}
