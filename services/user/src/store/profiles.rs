//! Profiles.

use db::Tx;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use super::{
    entity::{
        profile::{ActiveModel, Column, Entity, Model},
        seller,
    },
    read, sellers, time,
};
use crate::domain::{
    UserId,
    profile::{About, FIRST_VERSION, Profile},
};

fn profile((row, seller): (Model, Option<seller::Model>)) -> Result<Profile, db::Error> {
    Ok(Profile {
        user: read("a user id", &row.user_id)?,
        email: row.email,
        about: About {
            display_name: row.display_name,
            phone: row.phone,
            locale: row.locale,
            marketing_consent: row.marketing_consent,
        },
        version: row.version,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        seller: seller.map(sellers::seller).transpose()?,
    })
}

/// The profile, with the seller side.
pub(crate) async fn find(db: &impl ConnectionTrait, user: UserId) -> Result<Option<Profile>, db::Error> {
    let found = Entity::find_by_id(user.to_string()).find_also_related(seller::Entity).one(db).await?;
    found.map(profile).transpose()
}

/// Stores a new profile, unless there is one.
pub(crate) async fn insert(tx: &Tx, user: UserId, email: &str, about: &About) -> Result<(), db::Error> {
    let row = ActiveModel {
        user_id: Set(user.to_string()),
        email: Set(email.to_owned()),
        display_name: Set(about.display_name.clone()),
        phone: Set(about.phone.clone()),
        locale: Set(about.locale.clone()),
        marketing_consent: Set(about.marketing_consent),
        version: Set(FIRST_VERSION),
        created_at: Set(tx.now().micros()),
        updated_at: Set(tx.now().micros()),
    };
    let unless_there = OnConflict::column(Column::UserId).do_nothing().to_owned();
    Entity::insert(row).on_conflict(unless_there).exec_without_returning(tx).await?;
    Ok(())
}

/// Stores the changed parts of a profile as its next version.
pub(crate) async fn update(tx: &Tx, user: UserId, email: &str, about: &About) -> Result<(), db::Error> {
    let update = Entity::update_many()
        .col_expr(Column::Email, Expr::value(email))
        .col_expr(Column::DisplayName, Expr::value(about.display_name.as_str()))
        .col_expr(Column::Phone, Expr::value(about.phone.as_str()))
        .col_expr(Column::Locale, Expr::value(about.locale.as_str()))
        .col_expr(Column::MarketingConsent, Expr::value(about.marketing_consent));
    next_version(tx, user, update).await
}

/// Makes a new version of a profile because its seller side has changed.
pub(crate) async fn touch(tx: &Tx, user: UserId) -> Result<(), db::Error> {
    next_version(tx, user, Entity::update_many()).await
}

async fn next_version(tx: &Tx, user: UserId, update: sea_orm::UpdateMany<Entity>) -> Result<(), db::Error> {
    let update = update
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(tx.now().micros()));
    update.filter(Column::UserId.eq(user.to_string())).exec(tx).await?;
    Ok(())
}
