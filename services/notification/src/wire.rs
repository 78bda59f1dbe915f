//! Between the contract's messages and the domain.

use service_kit::wire::{amount, timestamp};
use ultramarket_api::{
    notification::v1::{self as pb, notification},
    order::v1 as order,
    r#type::v1::{Address, Money},
};

use crate::{
    domain::{
        Preferences, Status,
        letter::{Item, Order},
    },
    store::delivery::Delivery,
};

impl From<Delivery> for pb::Notification {
    fn from(delivery: Delivery) -> Self {
        Self {
            notification_id: delivery.id,
            template: delivery.template,
            channel: notification::Channel::Email.into(),
            status: status(delivery.status).into(),
            subject: delivery.subject,
            body: delivery.body,
            order_id: delivery.order_id,
            read: delivery.read,
            create_time: Some(timestamp(delivery.created_at)),
            send_time: delivery.sent_at.map(timestamp),
        }
    }
}

fn status(status: Status) -> notification::Status {
    match status {
        Status::Queued => notification::Status::Queued,
        Status::Sent => notification::Status::Sent,
        Status::Failed => notification::Status::Failed,
        Status::Suppressed => notification::Status::Suppressed,
    }
}

impl From<Preferences> for pb::Preferences {
    fn from(preferences: Preferences) -> Self {
        Self {
            order_email: preferences.order_email,
            marketing_email: preferences.marketing_email,
            etag: preferences.etag(),
        }
    }
}

/// An order that somebody is told of. An amount that makes no sense is left out: mail is no ledger.
pub(crate) fn order(order: order::Order, account_id: String) -> Order {
    let address = order.shipping_address.unwrap_or_default();
    let items = order.items.into_iter().map(|item| Item {
        title: item.title,
        quantity: item.quantity,
        total: money(item.line_total.as_ref()),
    });
    Order {
        order_id: order.order_id,
        number: order.number,
        account_id: Some(account_id).filter(|id| !id.is_empty()),
        email: order.email,
        name: address.name.clone(),
        items: items.collect(),
        total: money(order.total.as_ref()),
        cancelled_for: order.cancellation.unwrap_or_default().reason,
        refunded: order.payment_status == i32::from(order::order::PaymentStatus::Refunded),
        address: lines(address),
    }
}

fn lines(address: Address) -> Vec<String> {
    let Address { name, line1, line2, city, region, postal_code, country_code, .. } = address;
    vec![name, line1, line2, format!("{postal_code} {city}"), region, country_code]
}

fn money(money: Option<&Money>) -> Option<kernel::Money> {
    amount(money?).ok()
}
