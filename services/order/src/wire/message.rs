//! Commands and events that this service sends, and the replies that it gets.

use std::time::Duration;

use bus::Message;
use prost::Name;
use service_kit::wire::{amount, moment, money, timestamp};
use ultramarket_api::{
    inventory::events::v1 as inventory, order::events::v1 as events, payment::events::v1 as payment,
    payment::events::v1::payment_cancelled::Outcome as PbOutcome,
};

use crate::{
    Error,
    domain::{
        order::{Buyer, Line, Order, OrderId},
        saga::{Event, Outcome, Shortage},
    },
    token::OrderTokens,
    wire,
};

/// Asks for the lines to be held, `hold` long from the placing of the order.
pub(crate) fn reserve_stock(order: &Order, lines: &[Line], hold: Duration) -> inventory::ReserveStock {
    let line = |line: &Line| inventory::Line { sku: line.sku.clone(), quantity: line.quantity };
    inventory::ReserveStock {
        order_id: order.id.to_string(),
        lines: lines.iter().map(line).collect(),
        expire_time: Some(timestamp(order.placed_at + hold)),
    }
}

/// Asks for the total to be held on the shopper's account.
pub(crate) fn authorize_payment(order: &Order, tokens: &OrderTokens) -> payment::AuthorizePayment {
    payment::AuthorizePayment {
        payment_id: order.payment_id.to_string(),
        order_id: order.id.to_string(),
        account_id: order.buyer.account_id().to_owned(),
        order_token_hash: match order.buyer {
            Buyer::Guest => tokens.digest_of(order.id).to_vec().into(),
            Buyer::Account(_) => prost::bytes::Bytes::new(),
        },
        amount: Some(money(order.total)),
        payment_token: order.payment_token.clone(),
    }
}

/// Asks for what is held to be sold.
pub(crate) fn commit_stock(order: &Order) -> inventory::CommitStock {
    inventory::CommitStock { order_id: order.id.to_string() }
}

/// Asks for nothing to be held or sold any more.
pub(crate) fn release_stock(order: &Order) -> inventory::ReleaseStock {
    inventory::ReleaseStock { order_id: order.id.to_string() }
}

/// Asks for the money that is held.
pub(crate) fn capture_payment(order: &Order) -> payment::CapturePayment {
    payment::CapturePayment { payment_id: order.payment_id.to_string() }
}

/// Asks for no money to be kept.
pub(crate) fn cancel_payment(order: &Order) -> payment::CancelPayment {
    payment::CancelPayment { payment_id: order.payment_id.to_string(), order_id: order.id.to_string() }
}

/// Tells that an order was placed.
pub(crate) fn placed(order: &Order, lines: &[Line]) -> events::OrderPlaced {
    events::OrderPlaced {
        order: Some(wire::order::order(order, lines)),
        account_id: order.buyer.account_id().to_owned(),
        cart_id: order.cart.id.clone(),
        cart_version: order.cart.version,
    }
}

/// Tells that an order is confirmed.
pub(crate) fn confirmed(order: &Order, lines: &[Line]) -> events::OrderConfirmed {
    events::OrderConfirmed {
        order: Some(wire::order::order(order, lines)),
        account_id: order.buyer.account_id().to_owned(),
        cart_id: order.cart.id.clone(),
        cart_version: order.cart.version,
    }
}

/// Tells that an order is cancelled.
pub(crate) fn cancelled(order: &Order, lines: &[Line]) -> events::OrderCancelled {
    events::OrderCancelled {
        order: Some(wire::order::order(order, lines)),
        account_id: order.buyer.account_id().to_owned(),
    }
}

/// What inventory or payment answered about an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) order_id: OrderId,
    /// The payment it is about; none from inventory.
    payment_id: Option<String>,
    event: Event,
    captured: Option<ultramarket_api::r#type::v1::Money>,
}

/// The kinds of message that are replies.
pub(crate) fn kinds_of_replies() -> Vec<String> {
    vec![
        inventory::StockReserved::full_name(),
        inventory::StockRejected::full_name(),
        inventory::StockCommitted::full_name(),
        inventory::StockCommitFailed::full_name(),
        inventory::StockReleased::full_name(),
        payment::PaymentAuthorized::full_name(),
        payment::PaymentActionRequired::full_name(),
        payment::PaymentFailed::full_name(),
        payment::PaymentUncertain::full_name(),
        payment::PaymentCaptured::full_name(),
        payment::PaymentCancelled::full_name(),
    ]
}

impl Reply {
    /// Reads a reply.
    pub(crate) fn read(message: &Message) -> Result<Self, Error> {
        let kind = message.kind.as_str();
        let (package, name) = kind.rsplit_once('.').unwrap_or(("", kind));
        match package {
            inventory::StockReserved::PACKAGE => of_inventory(name, message),
            payment::PaymentAuthorized::PACKAGE => of_payment(name, message),
            _ => Err(malformed(message, "not a reply that is known here")),
        }
    }

    /// What it does to `order`; `None` when it is about a payment that is not the order's.
    pub(crate) fn event(self, order: &Order) -> Option<Event> {
        if self.payment_id.is_some_and(|payment_id| payment_id != order.payment_id.to_string()) {
            return None;
        }
        Some(match self.captured {
            Some(captured) => Event::PaymentCaptured { in_full: amount(&captured).is_ok_and(|it| it == order.total) },
            None => self.event,
        })
    }
}

fn of_inventory(name: &str, message: &Message) -> Result<Reply, Error> {
    let (order_id, event) = match name {
        inventory::StockReserved::NAME => (decode::<inventory::StockReserved>(message)?.order_id, Event::StockReserved),
        inventory::StockRejected::NAME => {
            let rejected: inventory::StockRejected = decode(message)?;
            let shortage = |short: inventory::Shortage| Shortage {
                sku: short.sku,
                requested: short.requested,
                available: short.available,
            };
            (rejected.order_id, Event::StockRejected(rejected.shortages.into_iter().map(shortage).collect()))
        }
        inventory::StockCommitted::NAME => {
            (decode::<inventory::StockCommitted>(message)?.order_id, Event::StockCommitted)
        }
        inventory::StockCommitFailed::NAME => {
            (decode::<inventory::StockCommitFailed>(message)?.order_id, Event::StockCommitFailed)
        }
        inventory::StockReleased::NAME => (decode::<inventory::StockReleased>(message)?.order_id, Event::StockReleased),
        _ => return Err(malformed(message, "not a reply that is known here")),
    };
    Ok(Reply { order_id: order_id_of(message, &order_id)?, payment_id: None, event, captured: None })
}

fn of_payment(name: &str, message: &Message) -> Result<Reply, Error> {
    let mut captured = None;
    let (order_id, payment_id, event) = match name {
        payment::PaymentAuthorized::NAME => {
            let reply: payment::PaymentAuthorized = decode(message)?;
            (reply.order_id, reply.payment_id, Event::PaymentAuthorized)
        }
        payment::PaymentActionRequired::NAME => {
            let reply: payment::PaymentActionRequired = decode(message)?;
            let until = reply.expire_time.as_ref().map(moment);
            (reply.order_id, reply.payment_id, Event::PaymentActionRequired { until })
        }
        payment::PaymentFailed::NAME => {
            let reply: payment::PaymentFailed = decode(message)?;
            (reply.order_id, reply.payment_id, Event::PaymentFailed { reason: reply.reason })
        }
        payment::PaymentUncertain::NAME => {
            let reply: payment::PaymentUncertain = decode(message)?;
            (reply.order_id, reply.payment_id, Event::PaymentUncertain)
        }
        payment::PaymentCaptured::NAME => {
            let reply: payment::PaymentCaptured = decode(message)?;
            captured = Some(reply.amount.unwrap_or_default());
            (reply.order_id, reply.payment_id, Event::PaymentCaptured { in_full: false })
        }
        payment::PaymentCancelled::NAME => {
            let reply: payment::PaymentCancelled = decode(message)?;
            let outcome = match reply.outcome() {
                PbOutcome::Unspecified | PbOutcome::NothingHeld => Outcome::NothingHeld,
                PbOutcome::Voided => Outcome::Voided,
                PbOutcome::Refunded => Outcome::Refunded,
            };
            (reply.order_id, reply.payment_id, Event::PaymentCancelled(outcome))
        }
        _ => return Err(malformed(message, "not a reply that is known here")),
    };
    Ok(Reply { order_id: order_id_of(message, &order_id)?, payment_id: Some(payment_id), event, captured })
}

fn decode<M: prost::Message + Default>(message: &Message) -> Result<M, Error> {
    M::decode(message.payload.clone()).map_err(|error| malformed(message, error))
}

fn order_id_of(message: &Message, id: &str) -> Result<OrderId, Error> {
    id.parse().map_err(|error: kernel::ParseIdError| malformed(message, error))
}

fn malformed(message: &Message, source: impl Into<crate::error::BoxError>) -> Error {
    Error::Malformed { kind: message.kind.clone(), source: source.into() }
}
