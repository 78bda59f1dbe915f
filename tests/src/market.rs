//! A running marketplace.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tonic::transport::Channel;
use ultramarket::{
    config::{Settings, Sources},
    up::{self, Running},
};

use crate::{Rest, Shopper};

/// A marketplace on free ports in a temporary directory.
#[derive(Debug)]
pub struct Market {
    running: Option<Running>,
    folder: TempDir,
    administrator: (String, String),
    settings: Vec<(String, String)>,
}

impl Market {
    /// A marketplace with the sample catalogue.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// A marketplace with settings of its own, `("sample", "false")` for example.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut market = Self { running: None, folder, administrator: Default::default(), settings };
        let running = market.start().await;
        let (email, password) = running.administrator().expect("the first start makes an administrator");
        market.administrator = (email.to_owned(), password.to_owned());
        market.running = Some(running);
        market
    }

    /// Stops and starts again on the same data.
    ///
    /// # Panics
    /// If it does not stop in time or does not start.
    pub async fn reopen(&mut self) {
        if let Some(running) = self.running.take() {
            assert!(running.shutdown().await, "everything ends in time");
        }
        self.running = Some(self.start().await);
    }

    async fn start(&self) -> Running {
        let data_dir = self.data_dir().display().to_string();
        let mut sources = Sources::default()
            .set("test", "data_dir", data_dir)
            .set("test", "gateway.address", "127.0.0.1:0")
            .set("test", "admin.address", "127.0.0.1:0")
            .set("test", "gateway.rate_limits.enabled", "false");
        for (key, value) in &self.settings {
            sources = sources.set("test", key, value);
        }
        let settings = Settings::load(&sources).expect("the settings fit");
        up::start(&settings).await.expect("the marketplace starts")
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the marketplace runs between open and reopen")
    }

    /// Where everything is kept.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The temporary directory around the data directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The public address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.running().http)
    }

    /// An HTTP client of the public address.
    #[must_use]
    pub fn rest(&self) -> Rest {
        Rest::new(&self.url())
    }

    /// An HTTP client of the operators' address.
    #[must_use]
    pub fn operator(&self) -> Rest {
        Rest::new(&format!("http://{}", self.running().admin))
    }

    /// A gRPC channel to the public address.
    ///
    /// # Panics
    /// If it cannot be reached.
    pub async fn channel(&self) -> Channel {
        ultramarket_api::connect(&self.url()).await.expect("the gateway can be reached")
    }

    /// A registered customer, signed in.
    pub async fn customer(&self, name: &str) -> Shopper {
        Shopper::register(self.rest(), name).await
    }

    /// Somebody without an account.
    #[must_use]
    pub fn guest(&self) -> Shopper {
        Shopper::guest(self.rest())
    }

    /// The administrator, signed in.
    pub async fn administrator(&self) -> Shopper {
        Shopper::sign_in(self.rest(), &self.administrator.0, &self.administrator.1).await
    }

    /// The text of all mails written so far.
    ///
    /// # Panics
    /// If the mail directory cannot be read.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.data_dir().join("mail")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.expect("the mail directory can be read").path());
        let letters = paths.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
        letters.map(|path| std::fs::read_to_string(path).expect("a mail is text")).collect()
    }
}

/// How long a test waits for what should take a second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
