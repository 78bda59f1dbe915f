//! Orders as the contract has them.

use service_kit::wire::{money, timestamp};
use ultramarket_api::{order::v1 as pb, r#type::v1 as types};

use crate::domain::{
    order::{Address, Line, Order},
    saga::{Cancellation, Fulfilment, Lifecycle, PaymentStatus, Saga, Shortage, State},
};

/// An order with its lines.
pub(crate) fn order(order: &Order, lines: &[Line]) -> pb::Order {
    let saga = &order.saga;
    pb::Order {
        order_id: order.id.to_string(),
        number: order.id.number(),
        lifecycle: pb::order::Lifecycle::from(saga.lifecycle()).into(),
        payment_status: pb::order::PaymentStatus::from(saga.payment).into(),
        fulfilment_status: pb::order::FulfilmentStatus::from(saga.fulfilment).into(),
        items: lines.iter().map(item).collect(),
        subtotal: Some(money(order.total)),
        total: Some(money(order.total)),
        payment_id: order.payment_id.to_string(),
        shipping_address: Some(order.address.clone().into()),
        email: order.email.clone(),
        cancellation: saga.cancellation.as_ref().map(cancellation),
        next_action: next_action(saga),
        create_time: Some(timestamp(order.placed_at)),
        update_time: Some(timestamp(order.updated_at)),
        etag: order.etag(),
    }
}

fn item(line: &Line) -> pb::OrderItem {
    pb::OrderItem {
        sku: line.sku.clone(),
        product_id: line.product_id.clone(),
        title: line.title.clone(),
        quantity: line.quantity,
        unit_price: Some(money(line.unit_price)),
        line_total: Some(money(line.total)),
    }
}

fn cancellation(cancellation: &Cancellation) -> pb::Cancellation {
    let shortage = |shortage: &Shortage| pb::Shortage {
        sku: shortage.sku.clone(),
        requested: shortage.requested,
        available: shortage.available,
    };
    pb::Cancellation {
        reason: cancellation.reason.name().to_owned(),
        detail: cancellation.detail.clone(),
        shortages: cancellation.shortages.iter().map(shortage).collect(),
    }
}

fn next_action(saga: &Saga) -> Option<pb::NextAction> {
    (saga.state == State::RequiresAction).then(|| pb::NextAction {
        kind: pb::next_action::Kind::ConfirmPayment.into(),
        expire_time: saga.action_until.map(timestamp),
    })
}

impl From<Lifecycle> for pb::order::Lifecycle {
    fn from(lifecycle: Lifecycle) -> Self {
        match lifecycle {
            Lifecycle::Pending => Self::Pending,
            Lifecycle::Confirmed => Self::Confirmed,
            Lifecycle::Completed => Self::Completed,
            Lifecycle::Cancelled => Self::Cancelled,
            Lifecycle::Expired => Self::Expired,
        }
    }
}

/// A lifecycle to filter by; `None` when not said.
pub(crate) fn lifecycle(lifecycle: pb::order::Lifecycle) -> Option<Lifecycle> {
    match lifecycle {
        pb::order::Lifecycle::Unspecified => None,
        pb::order::Lifecycle::Pending => Some(Lifecycle::Pending),
        pb::order::Lifecycle::Confirmed => Some(Lifecycle::Confirmed),
        pb::order::Lifecycle::Completed => Some(Lifecycle::Completed),
        pb::order::Lifecycle::Cancelled => Some(Lifecycle::Cancelled),
        pb::order::Lifecycle::Expired => Some(Lifecycle::Expired),
    }
}

impl From<PaymentStatus> for pb::order::PaymentStatus {
    fn from(status: PaymentStatus) -> Self {
        match status {
            PaymentStatus::None => Self::None,
            PaymentStatus::Authorized => Self::Authorized,
            PaymentStatus::Paid => Self::Paid,
            PaymentStatus::PartiallyRefunded => Self::PartiallyRefunded,
            PaymentStatus::Refunded => Self::Refunded,
            PaymentStatus::Voided => Self::Voided,
            PaymentStatus::Failed => Self::Failed,
            PaymentStatus::Unknown => Self::Unknown,
        }
    }
}

impl From<Fulfilment> for pb::order::FulfilmentStatus {
    fn from(fulfilment: Fulfilment) -> Self {
        match fulfilment {
            Fulfilment::Unfulfilled => Self::Unfulfilled,
            Fulfilment::PartiallyShipped => Self::PartiallyShipped,
            Fulfilment::Shipped => Self::Shipped,
            Fulfilment::Delivered => Self::Delivered,
            Fulfilment::Returned => Self::Returned,
        }
    }
}

impl From<Address> for types::Address {
    fn from(address: Address) -> Self {
        Self {
            name: address.name,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country_code: address.country_code,
            phone: address.phone,
        }
    }
}

impl From<types::Address> for Address {
    fn from(address: types::Address) -> Self {
        Self {
            name: address.name,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country_code: address.country_code,
            phone: address.phone,
        }
    }
}
