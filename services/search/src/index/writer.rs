//! Changes the index: what is newer than what is known is taken, the rest is not.
//!
//! A change is searchable after the next commit. What was not committed is lost when the process dies, which the
//! comparison with the catalogue at the next start finds out.

use std::collections::{BTreeSet, HashMap, HashSet};

use tantivy::{IndexWriter, TantivyDocument, Term, indexer::IndexWriterOptions, merge_policy::LogMergePolicy};
use ultramarket_api::catalog::v1::{Product, product::Status};

use super::{document, schema::Schema, snapshot::Snapshot};

const MEMORY: usize = 32 << 20;
/// With so many segments of about one size they are merged: each costs every search a little.
const MERGE_AT: usize = 4;
/// When so much of a segment is deleted it is rewritten.
const MAX_DELETED: f32 = 0.3;

/// One change of what can be found.
#[derive(Clone, Debug)]
pub enum Change {
    /// The product is now like this, since this version.
    Put(Box<Product>, u64),
    /// The product was taken out by this version.
    Remove(String, u64),
    /// The product is like this in an export, which does not tell versions.
    Seen(Box<Product>),
    /// An export that is complete does not have the product.
    Forget(String),
}

/// The last change of a product that is known. Of a product that is known from an export only, the version is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    version: u64,
    etag: String,
}

pub(crate) struct Writer {
    schema: Schema,
    facets: BTreeSet<String>,
    inner: IndexWriter,
    /// Products changed since the last commit; none for those that are forgotten.
    pending: HashMap<String, Option<Known>>,
    /// Products changed by events since an export began.
    touched: Option<HashSet<String>>,
}

impl Writer {
    pub(crate) fn open(index: &tantivy::Index, schema: &Schema, facets: BTreeSet<String>) -> tantivy::Result<Self> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(MEMORY)
            .build();
        let inner: IndexWriter = index.writer_with_options(options)?;
        let mut merging = LogMergePolicy::default();
        merging.set_min_num_segments(MERGE_AT);
        merging.set_del_docs_ratio_before_merge(MAX_DELETED);
        inner.set_merge_policy(Box::new(merging));
        Ok(Self { schema: schema.clone(), facets, inner, pending: HashMap::new(), touched: None })
    }

    /// Takes a change unless it is stale; says whether it was taken.
    pub(crate) fn apply(&mut self, change: Change, snapshot: &Snapshot) -> tantivy::Result<bool> {
        match change {
            Change::Put(product, version) => {
                self.touch(&product.product_id);
                let known = self.known(&product.product_id, snapshot)?;
                if known.is_some_and(|known| known.version >= version) {
                    return Ok(false);
                }
                self.put(&product, version)?;
            }
            Change::Remove(product_id, version) => {
                self.touch(&product_id);
                if self.known(&product_id, snapshot)?.is_some_and(|known| known.version >= version) {
                    return Ok(false);
                }
                self.bury(&product_id, Known { version, etag: String::new() })?;
            }
            Change::Seen(product) => {
                let known = self.known(&product.product_id, snapshot)?;
                let same = known.as_ref().map_or_else(|| !is_published(&product), |known| known.etag == product.etag);
                if same || self.is_touched(&product.product_id) {
                    return Ok(false);
                }
                self.put(&product, known.map_or(0, |known| known.version))?;
            }
            Change::Forget(product_id) => {
                if self.is_touched(&product_id) {
                    return Ok(false);
                }
                self.inner.delete_term(Term::from_field_text(self.schema.id, &product_id));
                self.pending.insert(product_id, None);
            }
        }
        Ok(true)
    }

    /// From now on remembers what events change, so that an export that began before does not undo it.
    pub(crate) fn begin_export(&mut self) {
        self.touched = Some(HashSet::new());
    }

    pub(crate) fn end_export(&mut self) {
        self.touched = None;
    }

    /// Makes changes searchable to the next reader; says whether there were any.
    pub(crate) fn commit(&mut self, payload: &str) -> tantivy::Result<bool> {
        if self.pending.is_empty() {
            return Ok(false);
        }
        let mut prepared = self.inner.prepare_commit()?;
        prepared.set_payload(payload);
        prepared.commit()?;
        self.pending.clear();
        Ok(true)
    }

    fn put(&mut self, product: &Product, version: u64) -> tantivy::Result<()> {
        let known = Known { version, etag: product.etag.clone() };
        if !is_published(product) {
            return self.bury(&product.product_id, known);
        }
        let document = document::document(&self.schema, product, version, &self.facets);
        self.replace(&product.product_id, known, document)
    }

    fn bury(&mut self, product_id: &str, known: Known) -> tantivy::Result<()> {
        let document = document::tombstone(&self.schema, product_id, known.version, &known.etag);
        self.replace(product_id, known, document)
    }

    fn replace(&mut self, product_id: &str, known: Known, document: TantivyDocument) -> tantivy::Result<()> {
        self.inner.delete_term(Term::from_field_text(self.schema.id, product_id));
        self.inner.add_document(document)?;
        self.pending.insert(product_id.to_owned(), Some(known));
        Ok(())
    }

    fn touch(&mut self, product_id: &str) {
        if let Some(touched) = &mut self.touched {
            touched.insert(product_id.to_owned());
        }
    }

    fn is_touched(&self, product_id: &str) -> bool {
        self.touched.as_ref().is_some_and(|touched| touched.contains(product_id))
    }

    fn known(&self, product_id: &str, snapshot: &Snapshot) -> tantivy::Result<Option<Known>> {
        match self.pending.get(product_id) {
            Some(known) => Ok(known.clone()),
            None => snapshot.known(product_id),
        }
    }
}

/// On creation nothing said means published.
fn is_published(product: &Product) -> bool {
    match product.status() {
        Status::Published | Status::Unspecified => true,
        Status::Draft => false,
    }
}

impl Snapshot {
    /// The last change of a product that is searchable.
    fn known(&self, product_id: &str) -> tantivy::Result<Option<Known>> {
        let Some((segment, doc)) = self.find(product_id)? else { return Ok(None) };
        let mut etag = String::new();
        if let Some(column) = &segment.etag
            && let Some(ordinal) = column.term_ords(doc).next()
        {
            column.ord_to_str(ordinal, &mut etag)?;
        }
        Ok(Some(Known { version: segment.version.first(doc).unwrap_or_default(), etag }))
    }
}
