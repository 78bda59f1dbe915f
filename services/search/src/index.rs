//! The full-text index of what is published, in a directory of its own.
//!
//! Nothing in it is durable: a directory that is missing, broken or written by another version of this code is
//! begun anew, and the catalogue fills it again. One process writes; any number of threads search the last commit.

mod document;
mod facets;
mod highlight;
mod noun;
mod query;
mod ranking;
mod schema;
mod score;
mod search;
mod snapshot;
mod spelling;
mod suggest;
mod synonyms;
mod text;
mod writer;

use std::{
    collections::{BTreeSet, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use tantivy::{
    IndexReader, IndexSettings, ReloadPolicy, TantivyError, directory::MmapDirectory, schema::IndexRecordOption,
    store::Compressor,
};
use ultramarket_api::search::v1::Suggestion;

use self::{schema::Schema, snapshot::Snapshot, writer::Writer};
pub use self::{
    search::{Found, Request},
    writer::Change,
};

/// Changes with what is indexed or how, so that an older directory is begun anew.
const FORMAT: u32 = 1;
/// Products are stored in blocks of so many bytes: a result reads one block.
const BLOCK: usize = 4096;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be made or cleared.
    #[error("prepare the index directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another process writes to the index.
    #[error("the index directory is in use by another process")]
    Locked,
    /// The engine failed.
    #[error("use the index")]
    Engine(#[from] TantivyError),
}

/// The index: shared by everything that searches and changes it.
pub struct Index {
    schema: Schema,
    payload: String,
    reader: IndexReader,
    writer: Mutex<Writer>,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("payload", &self.payload).finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index in a directory, or begins a new one there. `facets` are the attributes that are counted.
    ///
    /// # Errors
    /// The directory is of no use, or another process uses it.
    pub fn open(path: &Path, facets: &[String]) -> Result<Self, Error> {
        let facets: BTreeSet<String> = facets.iter().cloned().collect();
        match Self::open_existing(path, &facets) {
            Ok(Some(index)) => return Ok(index),
            Err(Error::Engine(TantivyError::LockFailure(..))) => return Err(Error::Locked),
            Ok(None) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "search index begun anew"),
        }
        let directory_error = |source| Error::Directory { path: path.to_owned(), source };
        if path.exists() {
            fs::remove_dir_all(path).map_err(directory_error)?;
        }
        fs::create_dir_all(path).map_err(directory_error)?;
        let settings = IndexSettings {
            docstore_compression: Compressor::Lz4,
            docstore_blocksize: BLOCK,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let schema = Schema::new();
        let builder = tantivy::Index::builder().schema(schema.fields.clone()).settings(settings);
        let directory = MmapDirectory::open(path).map_err(TantivyError::from)?;
        Self::with(&builder.open_or_create(directory)?, schema, facets)
    }

    /// What is there, when this code and these facets made it and it is whole.
    fn open_existing(path: &Path, facets: &BTreeSet<String>) -> Result<Option<Self>, Error> {
        if !path.join("meta.json").exists() {
            return Ok(None);
        }
        let schema = Schema::new();
        let index = tantivy::Index::open_in_dir(path)?;
        let same = index.schema() == schema.fields && index.load_metas()?.payload == Some(payload(facets));
        if !same || !index.validate_checksum()?.is_empty() {
            return Ok(None);
        }
        Self::with(&index, schema, facets.clone()).map(Some)
    }

    fn with(index: &tantivy::Index, schema: Schema, facets: BTreeSet<String>) -> Result<Self, Error> {
        let payload = payload(&facets);
        let writer = Writer::open(index, &schema, facets)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let snapshot = Arc::new(Snapshot::open(&schema, reader.searcher(), None)?);
        Ok(Self { schema, payload, reader, writer: Mutex::new(writer), snapshot: RwLock::new(snapshot) })
    }

    /// Searches the last commit.
    ///
    /// # Errors
    /// The engine failed.
    pub fn search(&self, request: &Request<'_>) -> Result<Found, Error> {
        Ok(self.snapshot().search(request)?)
    }

    /// Completes what somebody types, from the last commit.
    ///
    /// # Errors
    /// The engine failed.
    pub fn suggest(&self, typed: &str, limit: usize) -> Result<Vec<Suggestion>, Error> {
        Ok(self.snapshot().suggest(typed, limit)?)
    }

    /// The last commit.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes changes, stale ones excepted; says how many were taken. They are searchable after [`Self::commit`].
    ///
    /// # Errors
    /// The engine failed.
    pub fn apply(&self, changes: impl IntoIterator<Item = Change>) -> Result<usize, Error> {
        let mut writer = self.lock();
        let snapshot = self.snapshot();
        let mut taken = 0;
        for change in changes {
            taken += usize::from(writer.apply(change, &snapshot)?);
        }
        Ok(taken)
    }

    /// Makes what was taken searchable.
    ///
    /// # Errors
    /// The engine failed; what was taken stays for the next commit.
    pub fn commit(&self) -> Result<(), Error> {
        let mut writer = self.lock();
        if writer.commit(&self.payload)? {
            self.reader.reload()?;
            let snapshot = Snapshot::open(&self.schema, self.reader.searcher(), Some(&self.snapshot()))?;
            *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        }
        Ok(())
    }

    /// The ids of all products of the last commit, also of those that cannot be found any more.
    pub(crate) fn product_ids(&self) -> Result<HashSet<String>, Error> {
        Ok(self.snapshot().product_ids()?)
    }

    /// Prepares for [`Change::Seen`] and [`Change::Forget`]: what events change from now on is newer.
    pub(crate) fn begin_export(&self) {
        self.lock().begin_export();
    }

    /// The export is over, whether complete or not.
    pub(crate) fn end_export(&self) {
        self.lock().end_export();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    fn product_ids(&self) -> tantivy::Result<HashSet<String>> {
        let mut ids = HashSet::new();
        for segment in &self.segments {
            let mut stream = segment.id.terms().stream()?;
            while let Some((term, info)) = stream.next() {
                let block = segment.id.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                if block.docs().iter().any(|doc| !segment.reader.is_deleted(*doc)) {
                    ids.insert(String::from_utf8_lossy(term).into_owned());
                }
            }
        }
        Ok(ids)
    }
}

fn payload(facets: &BTreeSet<String>) -> String {
    let facets: Vec<&str> = facets.iter().map(String::as_str).collect();
    format!("{FORMAT}:{}", facets.join(","))
}

#[cfg(test)]
mod tests;
