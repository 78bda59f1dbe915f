//! What a batch of an import would change, found out with a handful of queries whatever its size.

use std::collections::HashMap;

use kernel::{Ids, Timestamp};
use sea_orm::ConnectionTrait;
use ultramarket_api::catalog::v1 as pb;

use super::{Entry, told};
use crate::{
    Error,
    domain::{ProductId, names, names::Names, product, update},
    store::{self, Stored, categories, read, write::Record},
};

/// What becomes of one product, with its SKUs.
pub(super) enum Outcome {
    Created(Vec<String>),
    Updated(Vec<String>),
    Unchanged(Vec<String>),
    Failed(pb::ImportError),
}

/// What becomes of a batch.
pub(super) struct Plan {
    /// What is to be stored.
    pub records: Vec<Record>,
    /// For each entry, in their order.
    pub outcomes: Vec<Outcome>,
}

/// What an import that only checks would have stored so far: the names it would have given, and the ids of new
/// products by external id.
#[derive(Default)]
pub(super) struct Rehearsal {
    names: Names,
    created: HashMap<String, String>,
}

/// Plans batches.
#[derive(Clone, Copy)]
pub(super) struct Planner<'a> {
    pub ids: &'a dyn Ids,
    pub seller_id: &'a str,
    pub now: Timestamp,
}

/// An entry on its way: the product as it would be stored, but for its names, and as it is stored now.
struct Candidate {
    line: i64,
    product: pb::Product,
    before: Option<Stored>,
}

enum Step {
    Done(Outcome),
    Open(Box<Candidate>),
}

impl Planner<'_> {
    /// Plans a batch in which no external id is there twice. Must run in the transaction that stores it.
    pub(super) async fn plan(self, db: &impl ConnectionTrait, batch: &[Entry]) -> Result<Plan, Error> {
        self.plan_with(db, batch, &mut Rehearsal::default()).await
    }

    /// Plans a batch as if those before it had been stored.
    pub(super) async fn rehearse(
        self,
        db: &impl ConnectionTrait,
        batch: &[Entry],
        rehearsal: &mut Rehearsal,
    ) -> Result<Vec<Outcome>, Error> {
        Ok(self.plan_with(db, batch, rehearsal).await?.outcomes)
    }

    async fn plan_with(
        self,
        db: &impl ConnectionTrait,
        batch: &[Entry],
        rehearsal: &mut Rehearsal,
    ) -> Result<Plan, Error> {
        let products = || batch.iter().filter_map(|entry| entry.product.as_ref().ok());
        let external_ids: Vec<&str> = products().map(|product| product.external_id.as_str()).collect();
        let mut stored = read::by_external_ids(db, &external_ids).await?;
        let shelves = products().flat_map(|product| product.categories.iter().map(String::as_str));
        let shelves = categories::existing(db, shelves).await?;

        let steps: Vec<Step> = batch
            .iter()
            .map(|entry| {
                let candidate = match &entry.product {
                    Ok(product) => self.candidate(entry.line, product, stored.remove(&product.external_id), rehearsal),
                    Err(error) => return Step::Done(Outcome::Failed(error.clone())),
                };
                match candidate.product.categories.iter().find(|category| !shelves.contains(*category)) {
                    Some(missing) => {
                        let error = Error::CategoryNotFound { category: missing.clone() };
                        Step::Done(Outcome::Failed(told(entry.line, &error)))
                    }
                    None => settle(candidate),
                }
            })
            .collect();

        let open = steps.iter().filter_map(|step| match step {
            Step::Open(candidate) => Some(&candidate.product),
            Step::Done(_) => None,
        });
        let given = store::names::given(db, open).await?;
        rehearsal.names.extend(given);
        let mut plan = Plan { records: Vec::new(), outcomes: Vec::with_capacity(batch.len()) };
        for step in steps {
            let outcome = match step {
                Step::Done(outcome) => outcome,
                Step::Open(candidate) => self.name(*candidate, rehearsal, &mut plan.records),
            };
            plan.outcomes.push(outcome);
        }
        Ok(plan)
    }

    /// The product in the place of the one that is stored, or with a new id.
    fn candidate(self, line: i64, incoming: &pb::Product, before: Option<Stored>, rehearsal: &Rehearsal) -> Candidate {
        let mut product = match &before {
            Some(before) => update::replace(&before.product, incoming.clone()),
            None => {
                let known = rehearsal.created.get(&incoming.external_id).cloned();
                pb::Product {
                    product_id: known.unwrap_or_else(|| ProductId::generate(self.ids).to_string()),
                    seller_id: self.seller_id.to_owned(),
                    ..incoming.clone()
                }
            }
        };
        if let Some(before) = &before {
            names::keep_skus(&mut product.variants, &before.product.variants);
            if before.deleted {
                // Its slug was free for others since.
                product.slug.clone_from(&incoming.slug);
            }
        }
        product::publish_unless_said(&mut product);
        Candidate { line, product, before }
    }

    fn name(self, candidate: Candidate, rehearsal: &mut Rehearsal, records: &mut Vec<Record>) -> Outcome {
        let Candidate { line, mut product, before } = candidate;
        if let Err(error) = rehearsal.names.assign(&mut product) {
            return Outcome::Failed(told(line, &error));
        }
        let skus = skus(&product);
        match before {
            Some(before) => {
                records.push(Record::next(&before, product, self.now));
                if before.deleted { Outcome::Created(skus) } else { Outcome::Updated(skus) }
            }
            None => {
                let known = rehearsal.created.insert(product.external_id.clone(), product.product_id.clone());
                records.push(Record::new(product, self.now));
                if known.is_some() { Outcome::Updated(skus) } else { Outcome::Created(skus) }
            }
        }
    }
}

/// A product that is stored just so needs nothing more.
fn settle(candidate: Candidate) -> Step {
    match &candidate.before {
        Some(before) if !before.deleted && update::same(&candidate.product, &before.product) => {
            Step::Done(Outcome::Unchanged(skus(&candidate.product)))
        }
        _ => Step::Open(Box::new(candidate)),
    }
}

fn skus(product: &pb::Product) -> Vec<String> {
    product.variants.iter().map(|variant| variant.sku.clone()).collect()
}
