//! Imports: thousands of products from another system, a few hundred in each transaction.
//!
//! A product is recognised by its external id. What cannot be taken is reported by line and does not keep the others
//! from being taken; an import that breaks off has stored its first batches, and running it again goes on from there
//! because what is stored already is unchanged.

mod plan;

use std::{collections::HashSet, sync::Arc};

use db::Db;
use kernel::{Classify, SharedClock, SharedIds, Violation};
use service_kit::Contract;
use ultramarket_api::catalog::v1 as pb;

use crate::{Error, domain::product, hot::Hot, metrics, store::write};
use plan::{Outcome, Plan, Planner, Rehearsal};

/// More errors than anybody reads are counted only.
const MAX_ERRORS: usize = 1000;

/// Takes imports.
#[derive(Clone, Debug)]
pub(crate) struct Importer {
    pub db: Db,
    pub clock: SharedClock,
    pub ids: SharedIds,
    pub hot: Arc<Hot>,
    pub contract: Arc<Contract>,
    pub batch: usize,
}

/// One product of the import: the product, or why it is none.
struct Entry {
    line: i64,
    product: Result<pb::Product, pb::ImportError>,
}

/// An import under way.
pub(crate) struct Import {
    importer: Importer,
    seller_id: String,
    /// In an import that only checks: what would have been stored by now.
    rehearsal: Option<Rehearsal>,
    begun: bool,
    batch: Vec<Entry>,
    in_batch: HashSet<String>,
    report: pb::ImportProductsResponse,
}

impl Import {
    /// New products will belong to the seller.
    pub(crate) fn begin(importer: Importer, seller_id: String) -> Self {
        Self {
            importer,
            seller_id,
            rehearsal: None,
            begun: false,
            batch: Vec::new(),
            in_batch: HashSet::new(),
            report: pb::ImportProductsResponse::default(),
        }
    }

    /// Takes the next product of the stream.
    pub(crate) async fn take(&mut self, message: pb::ImportProductsRequest) -> Result<(), Error> {
        if !self.begun {
            self.begun = true;
            self.rehearsal = message.validate_only.then(Rehearsal::default);
        }
        let line = message.line;
        let product = check(&self.importer.contract, message).map_err(|error| told(line, &error));
        if let Ok(product) = &product
            && !self.in_batch.insert(product.external_id.clone())
        {
            // The later of two must see what the earlier has stored.
            self.flush().await?;
            self.in_batch.insert(product.external_id.clone());
        }
        self.batch.push(Entry { line, product });
        if self.batch.len() >= self.importer.batch { self.flush().await } else { Ok(()) }
    }

    /// What became of it.
    pub(crate) async fn finish(mut self) -> Result<pb::ImportProductsResponse, Error> {
        self.flush().await?;
        Ok(self.report)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.in_batch.clear();
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let outcomes = match &mut self.rehearsal {
            Some(rehearsal) => {
                let planner = planner(&self.importer, &self.seller_id, self.importer.clock.now());
                planner.rehearse(self.importer.db.reader(), &batch, rehearsal).await?
            }
            None => self.store(&batch).await?,
        };
        for outcome in outcomes {
            self.count(outcome);
        }
        Ok(())
    }

    async fn store(&self, batch: &[Entry]) -> Result<Vec<Outcome>, Error> {
        let (importer, seller_id) = (&self.importer, self.seller_id.as_str());
        let plan: Plan = importer
            .db
            .write(|tx| {
                Box::pin(async move {
                    let plan = planner(importer, seller_id, tx.now()).plan(&**tx, batch).await?;
                    write::save(tx, &plan.records).await?;
                    Ok::<_, Error>(plan)
                })
            })
            .await?;
        let changed = plan.records.iter().filter(|record| record.version > 1);
        let changed: Vec<&str> = changed.map(|record| record.product.product_id.as_str()).collect();
        importer.hot.forget(&changed).await;
        Ok(plan.outcomes)
    }

    fn count(&mut self, outcome: Outcome) {
        let stored = self.rehearsal.is_none();
        let report = &mut self.report;
        let (count, change, skus) = match outcome {
            Outcome::Created(skus) => (&mut report.created_count, "created", skus),
            Outcome::Updated(skus) => (&mut report.updated_count, "updated", skus),
            Outcome::Unchanged(skus) => {
                report.unchanged_count += 1;
                report.skus.extend(skus);
                return;
            }
            Outcome::Failed(error) => {
                report.failed_count += 1;
                if report.errors.len() < MAX_ERRORS {
                    report.errors.push(error);
                }
                return;
            }
        };
        *count += 1;
        report.skus.extend(skus);
        if stored {
            metrics::products_changed(change);
        }
    }
}

fn planner<'a>(importer: &'a Importer, seller_id: &'a str, now: kernel::Timestamp) -> Planner<'a> {
    Planner { ids: &*importer.ids, seller_id, now }
}

/// The pipeline checks the fields of unary requests only.
fn check(contract: &Contract, message: pb::ImportProductsRequest) -> Result<pb::Product, Error> {
    contract.validate(&message).map_err(Error::Invalid)?;
    let product = message.product.unwrap_or_default();
    if product.external_id.trim().is_empty() {
        return Err(Error::Invalid(vec![Violation::new("product.externalId", "is required")]));
    }
    product::complete(product)
}

/// The error as an import reports it.
fn told(line: i64, error: &Error) -> pb::ImportError {
    let violations: Vec<String> =
        error.violations().iter().map(|violation| format!("{} {}", violation.field, violation.description)).collect();
    let message = if violations.is_empty() { error.to_string() } else { violations.join("; ") };
    pb::ImportError { line, reason: error.reason().to_owned(), message }
}
