//! Opens the directory of the index, or begins it anew when what is there is of no use.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use tantivy::{IndexReader, IndexSettings, ReloadPolicy, TantivyError, directory::MmapDirectory, store::Compressor};

use super::{Error, schema::Schema, snapshot::Snapshot, writer::Writer};

/// Changes with what is indexed or how, so that an older directory is begun anew.
const FORMAT: u32 = 1;
/// Products are stored in blocks of so many bytes: a result reads one block.
const BLOCK: usize = 4096;

/// A directory that is open for writing, and what was committed to it.
pub(super) struct Opened {
    pub(super) schema: Schema,
    pub(super) writer: Writer,
    reader: IndexReader,
    /// The last commit.
    pub(super) committed: Arc<Snapshot>,
    payload: String,
}

impl Opened {
    /// What is in the directory, or a new beginning.
    pub(super) fn open(path: &Path, facets: &BTreeSet<String>) -> Result<Self, Error> {
        match Self::existing(path, facets) {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Self::begin(path, facets),
            Err(TantivyError::LockFailure(..)) => Err(Error::Locked),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "begin the search index anew");
                Self::begin(path, facets)
            }
        }
    }

    /// A new beginning, whatever is in the directory.
    pub(super) fn begin(path: &Path, facets: &BTreeSet<String>) -> Result<Self, Error> {
        let failed = |source| Error::Directory { path: path.to_owned(), source };
        if path.exists() {
            fs::remove_dir_all(path).map_err(failed)?;
        }
        fs::create_dir_all(path).map_err(failed)?;
        let settings = IndexSettings {
            docstore_compression: Compressor::Lz4,
            docstore_blocksize: BLOCK,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let schema = Schema::new();
        let builder = tantivy::Index::builder().schema(schema.fields.clone()).settings(settings);
        let directory = MmapDirectory::open(path).map_err(TantivyError::from)?;
        Ok(Self::over(&builder.open_or_create(directory)?, schema, facets)?)
    }

    /// What is there, when this code and these facets made it and it is whole.
    fn existing(path: &Path, facets: &BTreeSet<String>) -> tantivy::Result<Option<Self>> {
        if !path.join("meta.json").exists() {
            return Ok(None);
        }
        let schema = Schema::new();
        let index = tantivy::Index::open_in_dir(path)?;
        let same = index.schema() == schema.fields && index.load_metas()?.payload == Some(payload(facets));
        if !same || !index.validate_checksum()?.is_empty() {
            return Ok(None);
        }
        Self::over(&index, schema, facets).map(Some)
    }

    fn over(index: &tantivy::Index, schema: Schema, facets: &BTreeSet<String>) -> tantivy::Result<Self> {
        let writer = Writer::open(index, &schema, facets.clone())?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let committed = Arc::new(Snapshot::open(&schema, reader.searcher(), None)?);
        Ok(Self { schema, writer, reader, committed, payload: payload(facets) })
    }

    /// Commits what was taken; says whether there was anything.
    pub(super) fn commit(&mut self) -> tantivy::Result<bool> {
        Ok(self.writer.commit(&self.payload)? && self.reload().map(|()| true)?)
    }

    /// Opens what is there now: the last commit, with the segments that were merged since.
    pub(super) fn reload(&mut self) -> tantivy::Result<()> {
        self.reader.reload()?;
        self.committed = Arc::new(Snapshot::open(&self.schema, self.reader.searcher(), Some(&self.committed))?);
        Ok(())
    }
}

fn payload(facets: &BTreeSet<String>) -> String {
    let facets: Vec<&str> = facets.iter().map(String::as_str).collect();
    format!("{FORMAT}:{}", facets.join(","))
}
