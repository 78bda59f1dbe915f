//! The full-text index of what is published, in a directory of its own.
//!
//! Nothing in it is durable: a directory that is missing, broken or written by another version of this code is
//! begun anew, and the catalogue fills it again. One process writes; any number of threads search the last commit.

mod directory;
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
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use tantivy::TantivyError;
use ultramarket_api::search::v1::Suggestion;

use self::{directory::Opened, snapshot::Snapshot};
pub use self::{
    search::{Found, Request},
    writer::Change,
};

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
    /// It was lost and could not be begun anew.
    #[error("the index was lost")]
    Lost,
    /// The engine failed.
    #[error("use the index")]
    Engine(#[from] TantivyError),
}

/// The index: shared by everything that searches and changes it.
pub struct Index {
    path: PathBuf,
    facets: BTreeSet<String>,
    /// What changes go into; nothing while it is lost.
    opened: Mutex<Option<Opened>>,
    /// What searches see.
    snapshot: RwLock<Arc<Snapshot>>,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index in a directory, or begins a new one there. `facets` are the attributes that are counted.
    ///
    /// # Errors
    /// The directory is of no use, or another process uses it.
    pub fn open(path: &Path, facets: &[String]) -> Result<Self, Error> {
        let facets: BTreeSet<String> = facets.iter().map(|name| text::fold(name).into_owned()).collect();
        let opened = Opened::open(path, &facets)?;
        let snapshot = RwLock::new(Arc::clone(&opened.committed));
        Ok(Self { path: path.to_owned(), facets, opened: Mutex::new(Some(opened)), snapshot })
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

    /// Takes changes, stale ones excepted; says how many were taken. They are searchable after [`Self::commit`].
    ///
    /// # Errors
    /// The engine failed.
    pub fn apply(&self, changes: impl IntoIterator<Item = Change>) -> Result<usize, Error> {
        let mut opened = self.lock();
        let Opened { writer, committed, .. } = opened.as_mut().ok_or(Error::Lost)?;
        let mut taken = 0;
        for change in changes {
            taken += usize::from(writer.apply(change, committed)?);
        }
        Ok(taken)
    }

    /// Makes what was taken searchable.
    ///
    /// # Errors
    /// The engine failed: what was taken is lost, and [`Self::restore`] is called for.
    pub fn commit(&self) -> Result<(), Error> {
        let mut opened = self.lock();
        let opened = opened.as_mut().ok_or(Error::Lost)?;
        if opened.commit()? {
            self.show(&opened.committed);
        }
        Ok(())
    }

    /// Searches see segments that were merged since the last commit: fewer, so they are faster.
    pub(crate) fn refresh(&self) -> Result<(), Error> {
        let mut opened = self.lock();
        let opened = opened.as_mut().ok_or(Error::Lost)?;
        opened.reload()?;
        self.show(&opened.committed);
        Ok(())
    }

    /// Begins anew after a failure, to be filled from the catalogue. Until the first commit searches see what was.
    pub(crate) fn restore(&self) -> Result<(), Error> {
        let mut opened = self.lock();
        // Ends its threads, so that they write nothing into the new directory.
        drop(opened.take());
        *opened = Some(Opened::begin(&self.path, &self.facets)?);
        Ok(())
    }

    /// The ids of all products of the last commit, also of those that cannot be found any more.
    pub(crate) fn product_ids(&self) -> Result<HashSet<String>, Error> {
        let committed = self.lock().as_ref().map(|opened| Arc::clone(&opened.committed));
        Ok(committed.ok_or(Error::Lost)?.product_ids()?)
    }

    /// Prepares for [`Change::Seen`] and [`Change::Forget`]: what events change from now on is newer.
    pub(crate) fn begin_export(&self) {
        if let Some(opened) = &mut *self.lock() {
            opened.writer.begin_export();
        }
    }

    /// The export is over, whether complete or not.
    pub(crate) fn end_export(&self) {
        if let Some(opened) = &mut *self.lock() {
            opened.writer.end_export();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn show(&self, snapshot: &Arc<Snapshot>) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(snapshot);
    }
}

#[cfg(test)]
mod tests;
