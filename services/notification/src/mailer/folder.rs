//! Mail as files in a folder, for running without a mail server.
//!
//! A file appears whole or not at all, and is named by the notification, so that mail which is handed over twice is
//! there once.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tonic::codegen::async_trait;

use super::{Mail, MailError, Mailer, eml};

/// Writes mail into a folder, which is created when needed.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

/// Writes a file whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(format!(".{name}.tmp"));
    let mut file = match File::create(&unfinished) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            File::create(&unfinished)?
        }
        file => file?,
    };
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(format!("{name}.eml")))
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let bytes = eml::write(mail)?;
        let (folder, name) = (self.0.clone(), mail.id.clone());
        // In one piece: each step of its own would wait for a thread of its own.
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        Ok(written.map_err(io::Error::other)??)
    }
}
