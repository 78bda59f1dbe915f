//! Between the contract's messages and the domain.

use kernel::{Money, Timestamp};
use service_kit::wire::{amount, money, timestamp};
use ultramarket_api::payment::{events::v1::AuthorizePayment, v1 as pb};

use crate::{
    Error,
    domain::{Status, attempt::PaymentToken, ledger::Ledger, payer::Payer, payment::Payment},
};

/// The payment that a command asks for, not yet begun.
pub(crate) fn payment(command: AuthorizePayment, provider: &str, now: Timestamp) -> Result<Payment, Error> {
    let id = command.payment_id;
    let wrong = |problem| Error::Contradiction { id: id.clone(), problem };
    let amount = amount(&command.amount.unwrap_or_default()).map_err(|_| wrong("its currency is unknown"))?;
    if amount.minor < 0 {
        return Err(wrong("its amount is negative"));
    }
    let payer = match <[u8; 32]>::try_from(command.order_token_hash.as_ref()) {
        _ if !command.account_id.is_empty() => Payer::Account(command.account_id),
        Ok(hash) => Payer::Guest(hash),
        Err(_) => Payer::Nobody,
    };
    Ok(Payment {
        id: id.parse().map_err(|_| wrong("its id is no UUID"))?,
        order_id: command.order_id,
        payer,
        provider: provider.to_owned(),
        amount,
        token: PaymentToken(command.payment_token),
        capture_wanted: false,
        cancel_wanted: false,
        failure: String::new(),
        action_expires: None,
        attempts: Vec::new(),
        ledger: Ledger::default(),
        created_at: now,
        updated_at: now,
    })
}

impl From<&Payment> for pb::Payment {
    fn from(payment: &Payment) -> Self {
        let balance = payment.balance();
        let part = |minor| Some(money(Money::new(payment.amount.currency, minor)));
        Self {
            payment_id: payment.id.to_string(),
            order_id: payment.order_id.clone(),
            status: status(payment.status()).into(),
            amount: Some(money(payment.amount)),
            captured_amount: part(balance.captured),
            refunded_amount: part(balance.refunded),
            provider: payment.provider.clone(),
            decline_reason: payment.failure.clone(),
            create_time: Some(timestamp(payment.created_at)),
            update_time: Some(timestamp(payment.updated_at)),
        }
    }
}

fn status(status: Status) -> pb::payment::Status {
    use pb::payment::Status as Wire;
    match status {
        Status::Processing => Wire::Processing,
        Status::RequiresAction => Wire::RequiresAction,
        Status::Authorized => Wire::Authorized,
        Status::Captured => Wire::Captured,
        Status::Declined => Wire::Declined,
        Status::Canceled => Wire::Canceled,
        Status::Refunded => Wire::Refunded,
        Status::Unknown => Wire::Unknown,
    }
}
