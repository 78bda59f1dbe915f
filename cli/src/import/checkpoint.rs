//! How far an import has come, on disk, so that one that was broken off goes on where it was.
//!
//! A checkpoint belongs to one file, one marketplace, one account and one way to read and stock: anything else begins
//! anew. It is a help, not a truth: importing a product twice changes nothing.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::tally::Tally;

const BLOCK: u64 = 1 << 20;

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Progress {
    /// Everything up to this line is done.
    pub(crate) line: u64,
    /// What became of it.
    pub(crate) tally: Tally,
}

/// Where the progress of one import is kept.
#[derive(Debug)]
pub(crate) struct Checkpoint(PathBuf);

impl Checkpoint {
    /// The place in `directory` for the import that `identity` tells from all others.
    pub(crate) fn new(directory: &Path, identity: &[&str]) -> Self {
        let mut bytes = Vec::new();
        for part in identity {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        let name = kernel::sha256_hex(&bytes);
        Self(directory.join(format!("import-{}.json", &name[..32])))
    }

    /// What was kept; nothing if that cannot be read, which costs time and no more.
    pub(crate) fn load(&self) -> Progress {
        fs::read(&self.0).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Keeps how far the import has come. A crash leaves the old state or the new one.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn save(&self, progress: &Progress) -> io::Result<()> {
        if let Some(directory) = self.0.parent() {
            fs::create_dir_all(directory)?;
        }
        let unfinished = self.0.with_extension("tmp");
        fs::write(&unfinished, serde_json::to_vec(progress)?)?;
        fs::rename(&unfinished, &self.0)
    }

    /// Forgets the import, which is finished or begins anew.
    pub(crate) fn clear(&self) {
        // Left behind, it costs nothing: the import it belongs to would only find its last lines done.
        drop(fs::remove_file(&self.0));
    }
}

/// Tells the content of a file from any other.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn fingerprint(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut block = Vec::new();
    let mut state = [0; 32];
    loop {
        block.clear();
        block.extend_from_slice(&state);
        if file.by_ref().take(BLOCK).read_to_end(&mut block)? == 0 {
            return Ok(kernel::sha256_hex(&state));
        }
        state = kernel::sha256(&block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_found_again_by_the_same_import_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |identity: &[&str]| Checkpoint::new(&directory.path().join("state"), identity);
        let progress = Progress { line: 500, tally: Tally { created: 499, failed: 1, ..Tally::default() } };
        at(&["file", "url"]).save(&progress).expect("writes");
        assert_eq!(at(&["file", "url"]).load(), progress);
        assert_eq!(at(&["fileurl", ""]).load(), Progress::default());
        at(&["file", "url"]).clear();
        assert_eq!(at(&["file", "url"]).load(), Progress::default());
    }

    #[test]
    fn damaged_progress_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let checkpoint = Checkpoint::new(directory.path(), &["file"]);
        fs::write(&checkpoint.0, "{\"line\":").expect("writes");
        assert_eq!(checkpoint.load(), Progress::default());
    }

    #[test]
    fn a_fingerprint_covers_the_whole_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let of = |bytes: &[u8]| {
            let path = directory.path().join("file");
            fs::write(&path, bytes).expect("writes");
            fingerprint(&path).expect("reads")
        };
        let block = usize::try_from(BLOCK).expect("fits");
        let mut large = vec![b'x'; 3 * block];
        let before = of(&large);
        assert_eq!(of(&large), before);
        large[2 * block] = b'y';
        assert_ne!(of(&large), before);
        assert_ne!(of(&large[..block]), of(&large[..2 * block]));
        assert_ne!(of(b""), of(b"x"));
    }
}
