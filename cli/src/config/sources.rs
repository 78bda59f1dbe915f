//! Everything that settings are read from.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Problems;
use crate::{args, environment::Environment};

/// The prefix of environment variables that are settings.
const PREFIX: &str = "ULTRAMARKET__";

/// Everything that settings are read from, in rising order of precedence.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// TOML, with the name of where it is from.
    pub(super) files: Vec<(String, String)>,
    /// Single settings as text: where it is from, its key, its value.
    pub(super) texts: Vec<Text>,
}

/// One setting as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) origin: String,
    pub(super) key: String,
    pub(super) value: String,
}

impl Sources {
    /// Adds one setting, which wins over all before it.
    #[must_use]
    pub fn set(mut self, origin: impl Into<String>, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.texts.push(Text { origin: origin.into(), key: key.into(), value: value.into() });
        self
    }

    /// Adds TOML, which wins over TOML before it but not over single settings.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// Adds the settings among environment variables.
    #[must_use]
    pub fn environment(self, environment: &Environment) -> Self {
        environment.with_prefix(PREFIX).fold(self, |sources, (name, value)| {
            let key = name.to_ascii_lowercase().replace("__", ".");
            sources.set(format!("environment variable {PREFIX}{name}"), key, value)
        })
    }

    /// Reads everything that the command line and the environment name.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub(crate) fn read(arguments: &args::Settings, environment: &Environment) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut sources = Self::default();
        let profile = arguments.profile.as_deref().or_else(|| environment.get("ULTRAMARKET_PROFILE"));
        let profile = profile.map(|name| Path::new("config").join(format!("{name}.toml")));
        for path in profile.iter().chain(&arguments.config) {
            match fs::read_to_string(path) {
                Ok(text) => sources = sources.file(path.display().to_string(), text),
                Err(error) => problems.add(format!("cannot read {}: {error}", path.display())),
            }
        }
        let secrets = arguments.secrets_dir.clone();
        let secrets = secrets.or_else(|| environment.get("ULTRAMARKET_SECRETS_DIR").map(PathBuf::from));
        if let Some(directory) = secrets {
            match secret_files(&directory) {
                Ok(secrets) => sources.texts.extend(secrets),
                Err(error) => problems.add(format!("cannot read the secrets in {}: {error}", directory.display())),
            }
        }
        sources = sources.environment(environment);
        if let Some(directory) = &arguments.data_dir {
            sources = sources.set("--data-dir", "data_dir", directory.display().to_string());
        }
        for (key, value) in &arguments.set {
            sources = sources.set(format!("--set {key}"), key, value);
        }
        problems.none_or(sources)
    }
}

/// One file per secret. Kubernetes keeps the real files in a directory that begins with a dot.
fn secret_files(directory: &Path) -> io::Result<Vec<Text>> {
    let mut secrets = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let Some(key) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        if path.is_file() {
            let value = fs::read_to_string(&path)?;
            let value = value.strip_suffix('\n').unwrap_or(&value).to_owned();
            secrets.push(Text { origin: format!("file {}", path.display()), key: key.to_owned(), value });
        }
    }
    secrets.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(directory: &Path) -> args::Settings {
        args::Settings {
            data_dir: Some("data".into()),
            config: Some(directory.join("own.toml")),
            secrets_dir: Some(directory.join("secrets")),
            set: vec![("log.format".into(), "json".into())],
            ..args::Settings::default()
        }
    }

    #[test]
    fn sources_come_in_order_of_precedence() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("own.toml"), "sample = false").expect("writes");
        fs::create_dir_all(directory.path().join("secrets/..data")).expect("creates");
        fs::write(directory.path().join("secrets/log.filter"), "trace\n").expect("writes");
        let environment = [("ULTRAMARKET__LOG__FILTER", "debug"), ("PATH", "/bin")].into();
        let sources = Sources::read(&arguments(directory.path()), &environment).expect("reads");
        assert_eq!(sources.files[0].1, "sample = false");
        let texts: Vec<_> = sources.texts.iter().map(|text| (text.key.as_str(), text.value.as_str())).collect();
        assert_eq!(
            texts,
            [("log.filter", "trace"), ("log.filter", "debug"), ("data_dir", "data"), ("log.format", "json")]
        );
        assert_eq!(sources.texts[1].origin, "environment variable ULTRAMARKET__LOG__FILTER");
    }

    #[test]
    fn all_files_that_are_missing_are_told_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let environment = [("ULTRAMARKET_PROFILE", "nonexistent")].into();
        let problems = Sources::read(&arguments(directory.path()), &environment).expect_err("nothing is there");
        let text = problems.to_string();
        assert!(text.starts_with("the configuration has 3 problems:"), "{text}");
        for part in ["config/nonexistent.toml", "own.toml", "secrets"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
