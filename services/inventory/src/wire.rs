//! Between the contract's messages and the domain.

use std::collections::HashSet;

use kernel::Violation;
use service_kit::wire::timestamp;
use ultramarket_api::inventory::v1 as pb;

use crate::{
    Error,
    domain::{Adjustment, Change, Level},
    store::{movement, stock},
};

impl TryFrom<pb::AdjustStockRequest> for Adjustment {
    type Error = Error;

    fn try_from(request: pb::AdjustStockRequest) -> Result<Self, Error> {
        adjustment(request).map_err(|missing| Error::Invalid(vec![missing]))
    }
}

/// The batch's adjustments, each SKU once; or all that is wrong with them.
pub(crate) fn adjustments(request: pb::BatchAdjustStockRequest) -> Result<Vec<Adjustment>, Error> {
    let mut seen = HashSet::new();
    let mut all = Vec::with_capacity(request.adjustments.len());
    let mut violations = Vec::new();
    for (at, request) in request.adjustments.into_iter().enumerate() {
        if !seen.insert(request.sku.clone()) {
            violations.push(Violation::new(format!("adjustments[{at}].sku"), "is adjusted twice in one batch"));
        }
        match adjustment(request) {
            Ok(adjustment) => all.push(adjustment),
            Err(missing) => {
                violations.push(Violation::new(format!("adjustments[{at}].{}", missing.field), missing.description));
            }
        }
    }
    if violations.is_empty() { Ok(all) } else { Err(Error::Invalid(violations)) }
}

fn adjustment(request: pb::AdjustStockRequest) -> Result<Adjustment, Violation> {
    use pb::adjust_stock_request::Change as Wire;
    let change = match request.change {
        Some(Wire::Delta(delta)) => Change::Delta(delta),
        Some(Wire::OnHand(on_hand)) => Change::OnHand(on_hand),
        Some(Wire::Initial(on_hand)) => Change::Initial(on_hand),
        None => return Err(Violation::new("change", "one of delta, onHand and initial is required")),
    };
    Ok(Adjustment { sku: request.sku, change, reason: request.reason })
}

/// What everybody may see of a SKU.
pub(crate) fn public_stock(row: &stock::Model) -> pb::Stock {
    pb::Stock {
        sku: row.sku.clone(),
        available: row.on_hand - row.reserved,
        on_hand: None,
        reserved: None,
        update_time: Some(timestamp(kernel::Timestamp::from_micros(row.updated_at))),
    }
}

/// What its seller and administrators see of a SKU.
pub(crate) fn full_stock(row: &stock::Model) -> pb::Stock {
    pb::Stock { on_hand: Some(row.on_hand), reserved: Some(row.reserved), ..public_stock(row) }
}

impl From<&stock::Model> for Level {
    fn from(row: &stock::Model) -> Self {
        Self { sku: row.sku.clone(), on_hand: row.on_hand, reserved: row.reserved, touched: row.touched }
    }
}

impl From<movement::Model> for pb::Movement {
    fn from(row: movement::Model) -> Self {
        Self {
            movement_id: row.id,
            kind: i32::from(row.kind),
            on_hand_delta: row.on_hand_delta,
            reserved_delta: row.reserved_delta,
            order_id: row.order_id,
            reason: row.reason,
            create_time: Some(timestamp(kernel::Timestamp::from_micros(row.created_at))),
        }
    }
}
