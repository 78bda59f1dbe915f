//! Addresses. Every function names their owner, so that nobody reaches those of others.

use db::Tx;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::Expr,
};

use super::{
    entity::address::{ActiveModel, Column, Entity, Model},
    read, time,
};
use crate::domain::{
    UserId,
    address::{Address, AddressId, SavedAddress},
};

impl TryFrom<Model> for SavedAddress {
    type Error = db::Error;

    fn try_from(row: Model) -> Result<Self, db::Error> {
        Ok(Self {
            id: read("an address id", &row.id)?,
            address: Address {
                name: row.name,
                line1: row.line1,
                line2: row.line2,
                city: row.city,
                region: row.region,
                postal_code: row.postal_code,
                country_code: row.country_code,
                phone: row.phone,
            },
            created_at: time(row.created_at),
        })
    }
}

fn of(user: UserId) -> Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user.to_string()))
}

/// Newest first.
pub(crate) async fn list(db: &impl ConnectionTrait, user: UserId, limit: u64) -> Result<Vec<SavedAddress>, db::Error> {
    let query = of(user).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(limit);
    query.all(db).await?.into_iter().map(SavedAddress::try_from).collect()
}

pub(crate) async fn count(db: &impl ConnectionTrait, user: UserId) -> Result<u64, db::Error> {
    Ok(of(user).count(db).await?)
}

pub(crate) async fn find(
    db: &impl ConnectionTrait,
    user: UserId,
    id: AddressId,
) -> Result<Option<SavedAddress>, db::Error> {
    of(user).filter(Column::Id.eq(id.to_string())).one(db).await?.map(SavedAddress::try_from).transpose()
}

pub(crate) async fn insert(tx: &Tx, user: UserId, saved: &SavedAddress) -> Result<(), db::Error> {
    let address = saved.address.clone();
    let row = ActiveModel {
        id: Set(saved.id.to_string()),
        user_id: Set(user.to_string()),
        name: Set(address.name),
        line1: Set(address.line1),
        line2: Set(address.line2),
        city: Set(address.city),
        region: Set(address.region),
        postal_code: Set(address.postal_code),
        country_code: Set(address.country_code),
        phone: Set(address.phone),
        created_at: Set(saved.created_at.micros()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub(crate) async fn update(tx: &Tx, user: UserId, id: AddressId, address: &Address) -> Result<(), db::Error> {
    let text = |text: &String| Expr::value(text.as_str());
    let update = Entity::update_many()
        .col_expr(Column::Name, text(&address.name))
        .col_expr(Column::Line1, text(&address.line1))
        .col_expr(Column::Line2, text(&address.line2))
        .col_expr(Column::City, text(&address.city))
        .col_expr(Column::Region, text(&address.region))
        .col_expr(Column::PostalCode, text(&address.postal_code))
        .col_expr(Column::CountryCode, text(&address.country_code))
        .col_expr(Column::Phone, text(&address.phone));
    let own = Column::UserId.eq(user.to_string());
    update.filter(own).filter(Column::Id.eq(id.to_string())).exec(tx).await?;
    Ok(())
}

/// Removes an address, and tells whether there was one.
pub(crate) async fn delete(tx: &Tx, user: UserId, id: AddressId) -> Result<bool, db::Error> {
    let own = Entity::delete_many().filter(Column::UserId.eq(user.to_string()));
    Ok(own.filter(Column::Id.eq(id.to_string())).exec(tx).await?.rows_affected == 1)
}
