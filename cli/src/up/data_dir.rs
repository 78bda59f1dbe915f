//! The directory where everything is kept, and which one process has for itself.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::exit::{Exit, Failure};

/// A data directory, locked for as long as this value lives. The lock ends with the process, however it ends.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory, for its owner only, where it does not exist, and locks it.
    ///
    /// # Errors
    /// It cannot be created or written, or another process has it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let unwritable = |error: io::Error| {
            Failure::new(Exit::CannotCreate, format!("cannot write to the data directory {shown}: {error}"))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unwritable)?;
        let lock =
            OpenOptions::new().create(true).append(true).mode(0o600).open(path.join("lock")).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let message = format!(
                    "another process is using the data directory {shown}; stop it or choose another with --data-dir"
                );
                Err(Failure::new(Exit::InUse, message))
            }
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }

    /// A place in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The secret in the named file, which only its owner can read. Made at the first use.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub(crate) fn secret(&self, name: &str) -> Result<String, Failure> {
        let path = self.join(name);
        match fs::read_to_string(&path) {
            Ok(secret) if !secret.is_empty() => return Ok(secret),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::new(Exit::CannotCreate, format!("cannot read {}: {error}", path.display())));
            }
        }
        let secret = kernel::random_token();
        self.write_private(name, secret.as_bytes())?;
        Ok(secret)
    }

    /// Writes a file that only its owner can read, whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write_private(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let (path, draft) = (self.join(name), self.join(&format!("{name}.new")));
        let write = || -> io::Result<()> {
            // A draft that was left behind may have other rights.
            fs::remove_file(&draft)
                .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        };
        write().map_err(|error| Failure::new(Exit::CannotCreate, format!("cannot write {}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("exists").permissions().mode() & 0o777
    }

    #[test]
    fn a_second_process_is_told_in_one_sentence() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("deep/data");
        let first = DataDir::open(&path).expect("is free");
        assert_eq!(mode(&path), 0o700);
        let failure = DataDir::open(&path).expect_err("is in use");
        assert_eq!(failure.exit(), Exit::InUse);
        assert!(failure.to_string().contains("another process"), "{failure}");
        drop(first);
        assert!(DataDir::open(&path).is_ok());
    }

    #[test]
    fn a_file_in_its_place_is_told_with_its_name() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("file");
        fs::write(&path, "").expect("writes");
        let failure = DataDir::open(&path).expect_err("is no directory");
        assert_eq!(failure.exit(), Exit::CannotCreate);
        assert!(failure.to_string().contains("file"), "{failure}");
    }

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_only() {
        let parent = tempfile::tempdir().expect("a directory");
        let directory = DataDir::open(parent.path()).expect("is free");
        let secret = directory.secret("page-tokens.key").expect("is made");
        assert_eq!(directory.secret("page-tokens.key").expect("is read"), secret);
        assert_eq!(mode(&directory.join("page-tokens.key")), 0o600);
    }
}
