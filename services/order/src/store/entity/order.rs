//! The table `orders`. Up to `created_at` a row never changes; the rest is the saga.

use std::str::FromStr;

use db::BoxError;
use kernel::{Money, Timestamp};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::{
    order::{Buyer, CartVersion, Order},
    saga::{Cancellation, Saga},
};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// For people.
    pub number: String,
    /// Who bought; none for guests.
    pub account_id: Option<String>,
    /// The cart it was made from.
    pub cart_id: String,
    /// As it was then.
    pub cart_version: i64,
    /// The currency of all its amounts.
    pub currency: String,
    /// What is to be paid.
    pub total_minor: i64,
    /// The payment.
    pub payment_id: String,
    /// The provider's token; empty once it is not needed any more.
    pub payment_token: String,
    /// Where it goes, as JSON.
    pub shipping_address: String,
    /// Who is told about it.
    pub email: String,
    /// When it was placed, in microseconds.
    pub created_at: i64,
    /// A `Lifecycle`.
    pub lifecycle: String,
    /// A `PaymentStatus`.
    pub payment_status: String,
    /// A `Fulfilment`.
    pub fulfilment_status: String,
    /// A `State`.
    pub state: String,
    /// A `Reason`.
    pub cancel_reason: Option<String>,
    /// More about it.
    pub cancel_detail: Option<String>,
    /// The lines that were short, as JSON.
    pub shortages: Option<String>,
    /// Until when the shopper may confirm the payment, in microseconds.
    pub action_until: Option<i64>,
    /// When it was confirmed, in microseconds.
    pub confirmed_at: Option<i64>,
    /// Until when the money must be held, in microseconds.
    pub pay_until: i64,
    /// When its timer goes, in microseconds; none for an order at rest.
    pub due_at: Option<i64>,
    /// How often what it waits for was asked for again.
    pub asked: i64,
    /// When it last changed, in microseconds.
    pub updated_at: i64,
    /// Grows with every change that can be seen.
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Order {
    type Error = db::Error;

    fn try_from(row: Model) -> Result<Self, db::Error> {
        Ok(Self {
            id: parse("the id of an order", &row.id)?,
            total: Money::new(parse("the currency of an order", &row.currency)?, row.total_minor),
            payment_id: parse("the payment of an order", &row.payment_id)?,
            address: json("the address of an order", &row.shipping_address)?,
            placed_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            version: row.version,
            saga: Saga {
                state: parse("the state of an order", &row.state)?,
                payment: parse("the payment status of an order", &row.payment_status)?,
                fulfilment: parse("the fulfilment status of an order", &row.fulfilment_status)?,
                cancellation: cancellation(row.cancel_reason, row.cancel_detail, row.shortages)?,
                action_until: row.action_until.map(Timestamp::from_micros),
                confirmed_at: row.confirmed_at.map(Timestamp::from_micros),
                pay_until: Timestamp::from_micros(row.pay_until),
                timer: row.due_at.map(Timestamp::from_micros),
                asked: u32::try_from(row.asked).unwrap_or(u32::MAX),
            },
            buyer: row.account_id.map_or(Buyer::Guest, Buyer::Account),
            cart: CartVersion { id: row.cart_id, version: row.cart_version },
            payment_token: row.payment_token,
            email: row.email,
        })
    }
}

fn cancellation(
    reason: Option<String>,
    detail: Option<String>,
    shortages: Option<String>,
) -> Result<Option<Cancellation>, db::Error> {
    let Some(reason) = reason else { return Ok(None) };
    let shortages = shortages.map(|shortages| json("the shortages of an order", &shortages)).transpose()?;
    Ok(Some(Cancellation {
        reason: parse("the cancellation of an order", &reason)?,
        detail: detail.unwrap_or_default(),
        shortages: shortages.unwrap_or_default(),
    }))
}

/// The row for an order that is new.
pub(crate) fn row(order: &Order) -> Result<ActiveModel, db::Error> {
    Ok(ActiveModel {
        id: Set(order.id.to_string()),
        number: Set(order.id.number()),
        account_id: Set(match &order.buyer {
            Buyer::Account(id) => Some(id.clone()),
            Buyer::Guest => None,
        }),
        cart_id: Set(order.cart.id.clone()),
        cart_version: Set(order.cart.version),
        currency: Set(order.total.currency.code().to_owned()),
        total_minor: Set(order.total.minor),
        payment_id: Set(order.payment_id.to_string()),
        shipping_address: Set(to_json("the address of an order", &order.address)?),
        email: Set(order.email.clone()),
        created_at: Set(order.placed_at.micros()),
        pay_until: Set(order.saga.pay_until.micros()),
        ..changes(order)?
    })
}

/// What may differ between two versions of an order.
pub(crate) fn changes(order: &Order) -> Result<ActiveModel, db::Error> {
    let saga = &order.saga;
    let cancellation = saga.cancellation.as_ref();
    let shortages = cancellation.map(|cancellation| &cancellation.shortages).filter(|lines| !lines.is_empty());
    Ok(ActiveModel {
        payment_token: Set(order.payment_token.clone()),
        lifecycle: Set(saga.lifecycle().name().to_owned()),
        payment_status: Set(saga.payment.name().to_owned()),
        fulfilment_status: Set(saga.fulfilment.name().to_owned()),
        state: Set(saga.state.name().to_owned()),
        cancel_reason: Set(saga.reason().map(|reason| reason.name().to_owned())),
        cancel_detail: Set(cancellation.map(|cancellation| cancellation.detail.clone())),
        shortages: Set(shortages.map(|lines| to_json("the shortages of an order", lines)).transpose()?),
        action_until: Set(saga.action_until.map(Timestamp::micros)),
        confirmed_at: Set(saga.confirmed_at.map(Timestamp::micros)),
        due_at: Set(saga.timer.map(Timestamp::micros)),
        asked: Set(i64::from(saga.asked)),
        updated_at: Set(order.updated_at.micros()),
        version: Set(order.version),
        ..Default::default()
    })
}

fn parse<T: FromStr<Err: Into<BoxError>>>(what: &'static str, text: &str) -> Result<T, db::Error> {
    T::from_str(text).map_err(|error| corrupt(what, error))
}

fn json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, db::Error> {
    serde_json::from_str(text).map_err(|error| corrupt(what, error))
}

fn to_json<T: serde::Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String, db::Error> {
    serde_json::to_string(value).map_err(|error| corrupt(what, error))
}

fn corrupt(what: &'static str, source: impl Into<BoxError>) -> db::Error {
    db::Error::Corrupt { what, source: source.into() }
}
