//! Mail as files in a folder, for running without a mail server.
//!
//! A file appears whole or not at all, and is named by the notification, so that mail which is handed over twice is
//! there once.

use std::{io, path::PathBuf};

use tokio::{fs, io::AsyncWriteExt};
use tonic::codegen::async_trait;

use super::{Mail, MailError, Mailer, eml};

/// Writes mail into a folder, which is created when needed.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0).await?;
        let unfinished = self.0.join(format!(".{name}.tmp"));
        let mut file = fs::File::create(&unfinished).await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        drop(file);
        fs::rename(&unfinished, self.0.join(format!("{name}.eml"))).await
    }
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let bytes = eml::write(mail)?;
        Ok(self.write(&mail.id, &bytes).await?)
    }
}
