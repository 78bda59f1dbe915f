//! Secrets that this service makes for itself.

use db::Db;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use super::entity::secret::{ActiveModel, Column, Entity};
use crate::Error;

const ORDER_TOKENS: &str = "order_tokens";

/// The key of guests' order tokens, made on first use. All replicas find the same one.
pub(crate) async fn order_token_key(db: &Db) -> Result<String, Error> {
    db.write(|tx| {
        Box::pin(async move {
            let new = ActiveModel { name: Set(ORDER_TOKENS.to_owned()), value: Set(kernel::random_token()) };
            let known = OnConflict::column(Column::Name).do_nothing().to_owned();
            Entity::insert(new).on_conflict(known).exec_without_returning(tx).await?;
            let secret = Entity::find_by_id(ORDER_TOKENS).one(tx).await?;
            Ok(secret.ok_or(sea_orm::DbErr::RecordNotInserted)?.value)
        })
    })
    .await
}
