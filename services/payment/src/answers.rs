//! What the checkout is told, as events of the contract. They are about the order, and in its order.

use db::Tx;
use kernel::Money;
use service_kit::wire;
use ultramarket_api::payment::events::v1::{
    PaymentActionRequired, PaymentAuthorized, PaymentCancelled, PaymentCaptured, PaymentFailed, PaymentUncertain,
    payment_cancelled::Outcome,
};

use crate::{
    Error,
    domain::{Answer, Cancelled, payment::Payment},
};

pub(crate) async fn emit(tx: &Tx, payment: &Payment, answer: Answer) -> Result<(), Error> {
    let (payment_id, order_id) = (payment.id.to_string(), payment.order_id.clone());
    let about = payment.order_id.as_str();
    match answer {
        Answer::Authorized => tx.emit(about, &PaymentAuthorized { payment_id, order_id }).await?,
        Answer::ActionRequired { expires } => {
            let expire_time = expires.map(wire::timestamp);
            tx.emit(about, &PaymentActionRequired { payment_id, order_id, expire_time }).await?;
        }
        Answer::Failed { reason } => tx.emit(about, &PaymentFailed { payment_id, order_id, reason }).await?,
        Answer::Uncertain => tx.emit(about, &PaymentUncertain { payment_id, order_id }).await?,
        Answer::Captured => {
            let captured = Money::new(payment.amount.currency, payment.balance().captured);
            let amount = Some(wire::money(captured));
            tx.emit(about, &PaymentCaptured { payment_id, order_id, amount }).await?;
        }
        Answer::Cancelled(cancelled) => tx.emit(about, &gone(payment_id, order_id, cancelled)).await?,
    }
    Ok(())
}

/// Nothing was ever held for a payment that is not to be begun.
pub(crate) async fn emit_never_begun(tx: &Tx, payment_id: String, order_id: String) -> Result<(), Error> {
    let about = order_id.clone();
    tx.emit(&about, &gone(payment_id, order_id, Cancelled::NothingHeld)).await?;
    Ok(())
}

fn gone(payment_id: String, order_id: String, cancelled: Cancelled) -> PaymentCancelled {
    let outcome = match cancelled {
        Cancelled::NothingHeld => Outcome::NothingHeld,
        Cancelled::Voided => Outcome::Voided,
        Cancelled::Refunded => Outcome::Refunded,
    };
    PaymentCancelled { payment_id, order_id, outcome: outcome.into() }
}
