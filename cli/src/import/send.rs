//! Sends one batch: its products, then their stock.
//!
//! What the server refuses as a whole is halved until the culprit is alone, so that one product never costs the
//! others. Sending a batch twice changes nothing: products are recognised by their external id, stock is set only
//! where there never was any, under a key made from the request itself.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use futures::FutureExt;
use prost::Message;
use tonic::metadata::MetadataValue;
use ultramarket_api::{
    catalog::v1::{ImportProductsRequest, ImportProductsResponse},
    inventory::v1::{AdjustStockRequest, BatchAdjustStockRequest, adjust_stock_request::Change},
};
use uuid::Uuid;

use super::{
    Plan,
    entry::{Finding, Item},
    tally::Tally,
    target::{Abandoned, Target},
};
use crate::exit::{Exit, Failure};

/// What the server takes in one call.
const ADJUSTMENTS: usize = 1000;

/// The initial stock of one SKU, and the line it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Initial {
    line: u64,
    sku: String,
    quantity: i64,
}

/// Sends products and their stock; gives what became of them, with what is to be said about their lines.
///
/// # Errors
/// The server cannot be reached any more, or refuses the authority.
pub(crate) async fn send(target: &Target, plan: Plan, items: Vec<Item>) -> Result<(Tally, Vec<Finding>), Failure> {
    let mut tally = Tally::default();
    let mut findings = Vec::new();
    let mut stock = Vec::new();
    let mut parts = vec![Arc::<[Item]>::from(items)];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match import(target, plan.dry_run, &part).await {
            Ok(reply) => {
                stock.extend(initial_stock(plan, &part, &reply)?);
                tally += &reply;
                findings.extend(reply.errors.into_iter().map(|error| {
                    let line = u64::try_from(error.line).unwrap_or_default();
                    Finding::new(line, format!("{} ({})", error.message, error.reason))
                }));
            }
            Err(Abandoned::Stopped(failure)) => return Err(failure),
            Err(Abandoned::Refused(message)) if part.len() == 1 => {
                tally.failed += 1;
                findings.push(Finding::new(part[0].line, message));
            }
            Err(Abandoned::Refused(_)) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second.into(), first.into()]);
            }
        }
    }
    tally.stocked = set_stock(target, stock, &mut findings).await?;
    Ok((tally, findings))
}

async fn import(target: &Target, dry_run: bool, items: &Arc<[Item]>) -> Result<ImportProductsResponse, Abandoned> {
    let call = || {
        let items = Arc::clone(items);
        let requests = (0..items.len()).map(move |at| ImportProductsRequest {
            line: i64::try_from(items[at].line).unwrap_or(i64::MAX),
            product: Some(items[at].product.clone()),
            validate_only: dry_run,
        });
        let mut catalog = target.catalog();
        let request = target.request(tokio_stream::iter(requests));
        async move { Ok(catalog.import_products(request).await?.into_inner()) }.boxed()
    };
    target.call(call).await
}

/// What the plan, or else the source, gives as stock of the SKUs that were taken.
fn initial_stock(plan: Plan, items: &[Item], reply: &ImportProductsResponse) -> Result<Vec<Initial>, Failure> {
    let quantities_given = items.iter().any(|item| item.quantities.iter().any(Option::is_some));
    if plan.dry_run || (plan.stock.is_none() && !quantities_given) {
        return Ok(Vec::new());
    }
    let failed: HashSet<_> = reply.errors.iter().map(|error| error.line).collect();
    let taken = items.iter().filter(|item| i64::try_from(item.line).is_ok_and(|line| !failed.contains(&line)));
    let variants: Vec<_> =
        taken.flat_map(|item| item.quantities.iter().map(|quantity| (item.line, *quantity))).collect();
    if variants.len() != reply.skus.len() {
        let message = format!("the server named {} SKUs for {} variants", reply.skus.len(), variants.len());
        return Err(Failure::new(Exit::Failure, message));
    }
    let named = variants.into_iter().zip(&reply.skus);
    let given = named.filter_map(|((line, quantity), sku)| {
        Some(Initial { line, sku: sku.clone(), quantity: plan.stock.or(quantity)? })
    });
    Ok(given.collect())
}

/// Sets initial stock; gives how many SKUs it was set for.
async fn set_stock(target: &Target, stock: Vec<Initial>, findings: &mut Vec<Finding>) -> Result<u64, Failure> {
    // A SKU may come twice in a source, but not in a call.
    let by_sku: BTreeMap<_, _> = stock.into_iter().map(|initial| (initial.sku.clone(), initial)).collect();
    let stock: Vec<_> = by_sku.into_values().collect();
    let mut parts: Vec<_> = stock.chunks(ADJUSTMENTS).collect();
    let mut stocked = 0;
    while let Some(part) = parts.pop() {
        match adjust(target, part).await {
            Ok(()) => stocked += part.len() as u64,
            Err(Abandoned::Stopped(failure)) => return Err(failure),
            Err(Abandoned::Refused(message)) if part.len() == 1 => {
                findings.push(Finding::new(part[0].line, format!("stock of {}: {message}", part[0].sku)));
            }
            Err(Abandoned::Refused(_)) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
    Ok(stocked)
}

async fn adjust(target: &Target, stock: &[Initial]) -> Result<(), Abandoned> {
    let adjustments = stock.iter().map(|initial| AdjustStockRequest {
        sku: initial.sku.clone(),
        reason: "import".into(),
        change: Some(Change::Initial(initial.quantity)),
    });
    let message = BatchAdjustStockRequest { adjustments: adjustments.collect() };
    let key = key(&message);
    let call = || {
        let mut request = target.request(message.clone());
        request.metadata_mut().insert("idempotency-key", key.clone());
        let mut inventory = target.inventory();
        async move { inventory.batch_adjust_stock(request).await.map(drop) }.boxed()
    };
    target.call(call).await
}

/// The same request has the same key, in whichever run of an import it is sent.
fn key(message: &BatchAdjustStockRequest) -> MetadataValue<tonic::metadata::Ascii> {
    let [head @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = kernel::sha256(&message.encode_to_vec());
    let id = uuid::Builder::from_custom_bytes(head).into_uuid();
    MetadataValue::try_from(Uuid::to_string(&id)).expect("a UUID is ASCII")
}

#[cfg(test)]
mod tests {
    use ultramarket_api::catalog::v1::{ImportError, Product};

    use super::*;

    fn item(line: u64, quantities: &[Option<i64>]) -> Item {
        Item { line, product: Product::default(), quantities: quantities.to_vec() }
    }

    fn reply(skus: &[&str], failed: &[i64]) -> ImportProductsResponse {
        let errors = failed.iter().map(|&line| ImportError { line, ..ImportError::default() }).collect();
        ImportProductsResponse { skus: skus.iter().map(ToString::to_string).collect(), errors, ..Default::default() }
    }

    fn stock(plan: Plan, items: &[Item], reply: &ImportProductsResponse) -> Vec<(String, i64)> {
        let stock = initial_stock(plan, items, reply).expect("SKUs fit variants");
        stock.into_iter().map(|initial| (initial.sku, initial.quantity)).collect()
    }

    const PLAN: Plan = Plan { stock: None, dry_run: false };

    #[test]
    fn quantities_go_to_the_skus_of_products_that_were_taken() {
        let items = [item(1, &[Some(3), None]), item(2, &[Some(9)]), item(3, &[Some(5)])];
        let reply = reply(&["A", "B", "C"], &[2]);
        assert_eq!(stock(PLAN, &items, &reply), [("A".into(), 3), ("C".into(), 5)]);
        let fixed = Plan { stock: Some(7), ..PLAN };
        assert_eq!(stock(fixed, &items, &reply), [("A".into(), 7), ("B".into(), 7), ("C".into(), 7)]);
    }

    #[test]
    fn no_stock_is_set_unless_somebody_says_so() {
        let items = [item(1, &[None])];
        assert!(stock(PLAN, &items, &reply(&["A"], &[])).is_empty());
        let dry = Plan { stock: Some(7), dry_run: true };
        assert!(stock(dry, &items, &reply(&[], &[])).is_empty());
    }

    #[test]
    fn a_reply_that_does_not_fit_is_not_guessed_at() {
        let failure = initial_stock(PLAN, &[item(1, &[Some(1)])], &reply(&["A", "B"], &[])).expect_err("does not fit");
        assert_eq!(failure.to_string(), "the server named 2 SKUs for 1 variants");
    }

    #[test]
    fn the_key_follows_the_request() {
        let message = |sku: &str| BatchAdjustStockRequest {
            adjustments: vec![AdjustStockRequest { sku: sku.into(), ..Default::default() }],
        };
        assert_eq!(key(&message("A")), key(&message("A")));
        assert_ne!(key(&message("A")), key(&message("B")));
        assert!(Uuid::parse_str(key(&message("A")).to_str().expect("ASCII")).is_ok());
    }
}
