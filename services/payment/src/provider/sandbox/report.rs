//! The webhooks of the sandbox, as written and as read.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use super::bank::{Intent, Said};
use crate::{
    domain::ledger::{Event, Report},
    provider::{Notice, WebhookError},
};

const PREFIX: &str = "payment.";

#[derive(Serialize, Deserialize)]
struct Body {
    id: String,
    /// `payment.` and the name of an [`Event`].
    r#type: String,
    /// Seconds since 1970.
    created: i64,
    data: Data,
}

#[derive(Serialize, Deserialize)]
struct Data {
    payment_id: String,
    order_id: String,
    reference: String,
    amount_minor: i64,
    currency_code: String,
    #[serde(default)]
    decline_reason: String,
}

/// Writes the webhook about what happened to an intent; none if nothing did.
pub(super) fn write(event_id: &str, intent: &Intent, said: &Said, now: Timestamp) -> Option<String> {
    let Said::Happened { event, reference, amount_minor, reason } = said else { return None };
    let body = Body {
        id: event_id.to_owned(),
        r#type: format!("{PREFIX}{event}"),
        created: now.unix_seconds(),
        data: Data {
            payment_id: intent.payment_id.clone(),
            order_id: intent.order_id.clone(),
            reference: reference.clone(),
            amount_minor: *amount_minor,
            currency_code: intent.amount.currency.code().to_owned(),
            decline_reason: reason.clone(),
        },
    };
    Some(serde_json::to_string(&body).expect("texts and numbers are JSON"))
}

/// Reads a verified webhook.
pub(super) fn read(body: &[u8]) -> Result<Notice, WebhookError> {
    let malformed = |problem: &str| WebhookError::Malformed(problem.to_owned());
    let Body { id, r#type, data, .. } =
        serde_json::from_slice(body).map_err(|error| WebhookError::Malformed(error.to_string()))?;
    if id.is_empty() || id.len() > 255 || data.reference.is_empty() || data.reference.len() > 255 {
        return Err(malformed("an id is missing or too long"));
    }
    let Some(event) = r#type.strip_prefix(PREFIX).and_then(Event::named) else {
        return Ok(Notice { payment_id: data.payment_id, report: None });
    };
    let currency = data.currency_code.parse().map_err(|_| malformed("its currency is unknown"))?;
    let report = Report {
        event_id: id,
        order_id: data.order_id,
        event,
        reference: data.reference,
        amount: Money::new(currency, data.amount_minor),
        reason: data.decline_reason,
        expires: None,
    };
    Ok(Notice { payment_id: data.payment_id, report: Some(report) })
}
