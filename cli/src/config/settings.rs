//! The settings as the program uses them.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use service_kit::telemetry;
use toml::Value;

use super::{Problems, Sources, merge::Merged};

/// All settings. Each part is described in `config/default.toml`, and masks its secrets when it is serialized.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Whether the sample catalogue is loaded at the first start.
    pub sample: bool,
    /// The public port and what it lets in.
    pub gateway: gateway::Config,
    /// The operators' port.
    pub admin: Listen,
    /// What is logged.
    pub log: Log,
    /// How the process stops.
    pub shutdown: Shutdown,
    /// Accounts and sign-in.
    pub identity: identity::Config,
    /// Profiles and sellers.
    pub user: user::Config,
    /// Products.
    pub catalog: catalog::Config,
    /// Stock.
    pub inventory: inventory::Config,
    /// Carts.
    pub cart: cart::Config,
    /// The checkout.
    pub order: order::Config,
    /// Payments and their providers.
    pub payment: payment::Config,
    /// Mail.
    pub notification: notification::Config,
    /// The search index.
    pub search: search::Config,
}

/// A port.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Where it listens.
    pub address: SocketAddr,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Levels, in the form of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// For people or machines.
    pub format: telemetry::Format,
}

/// How the process stops.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// How long it says that it is not ready before it stops to accept connections.
    pub announce_seconds: u64,
    /// How long calls that are under way may take to finish.
    pub drain_seconds: u64,
}

impl Settings {
    /// The settings that `sources` make of the defaults.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        Self::load_merged(sources).map(|(settings, _)| settings)
    }

    /// As [`Settings::load`], with where each value comes from.
    pub(crate) fn load_merged(sources: &Sources) -> Result<(Self, Merged), Problems> {
        let mut problems = Problems::default();
        let merged = Merged::of(sources, &mut problems);
        let mut parts = Parts { merged: &merged, problems: &mut problems };
        let settings = Some(()).and_then(|()| {
            // Each part is read before any is missed, so that all problems are found.
            let (data_dir, sample) = (parts.read("data_dir"), parts.read("sample"));
            let (gateway, admin) = (parts.read("gateway"), parts.read("admin"));
            let (log, shutdown) = (parts.read("log"), parts.read("shutdown"));
            let (identity, user, catalog) = (parts.read("identity"), parts.read("user"), parts.read("catalog"));
            let (inventory, cart, order) = (parts.read("inventory"), parts.read("cart"), parts.read("order"));
            let (payment, notification) = (parts.read("payment"), parts.read("notification"));
            let search = parts.read("search");
            Some(Self {
                data_dir: data_dir?,
                sample: sample?,
                gateway: gateway?,
                admin: admin?,
                log: log?,
                shutdown: shutdown?,
                identity: identity?,
                user: user?,
                catalog: catalog?,
                inventory: inventory?,
                cart: cart?,
                order: order?,
                payment: payment?,
                notification: notification?,
                search: search?,
            })
        });
        let settings = problems.none_or(settings)?.expect("what is missing is a problem");
        Ok((settings, merged))
    }
}

/// A value without the texts in it that are empty: such a setting is not set.
fn set_only(value: &Value) -> Value {
    let Some(table) = value.as_table() else { return value.clone() };
    let set = table.iter().filter(|(_, value)| value.as_str() != Some(""));
    Value::Table(set.map(|(name, value)| (name.clone(), set_only(value))).collect())
}

/// Reads the parts of the settings, and collects what is wrong with them.
struct Parts<'a> {
    merged: &'a Merged,
    problems: &'a mut Problems,
}

impl Parts<'_> {
    fn read<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = set_only(self.merged.table.get(name)?);
        match value.try_into() {
            Ok(part) => Some(part),
            Err(error) => {
                let from: Vec<_> = self.merged.origins_of(name).collect();
                self.problems.add(format!("{}: `{name}`: {}", from.join(", "), error.message().trim()));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::{super::merge::defaults, *};

    #[test]
    fn the_reference_agrees_with_the_defaults_of_each_part() {
        let parts = [
            ("gateway", Table::try_from(gateway::Config::default())),
            ("identity", Table::try_from(identity::Config::default())),
            ("user", Table::try_from(user::Config::default())),
            ("catalog", Table::try_from(catalog::Config::default())),
            ("inventory", Table::try_from(inventory::Config::default())),
            ("cart", Table::try_from(cart::Config::default())),
            ("order", Table::try_from(order::Config::default())),
            ("payment", Table::try_from(payment::Config::default())),
            ("notification", Table::try_from(notification::Config::default())),
            ("search", Table::try_from(search::Config::default())),
        ];
        let mut reference = defaults();
        for (name, part) in parts {
            let part = part.expect("settings can be written as TOML");
            let referred = reference.remove(name).expect("each part has a section");
            assert_eq!(set_only(&referred), set_only(&Value::Table(part)), "[{name}]");
        }
        let rest: Vec<_> = reference.keys().collect();
        assert_eq!(rest, ["admin", "data_dir", "log", "sample", "shutdown"], "these are the process's own");
    }

    #[test]
    fn the_defaults_are_valid() {
        let settings = Settings::load(&Sources::default()).expect("the defaults are valid");
        assert_eq!(settings.gateway.address.to_string(), "127.0.0.1:8000");
        assert_eq!(settings.data_dir, PathBuf::from(".ultramarket"));
    }

    #[test]
    fn values_that_make_no_sense_are_all_told_with_where_they_are_from() {
        let sources = Sources::default()
            .set("--http", "gateway.address", "nowhere")
            .file("own.toml", "log.format = \"xml\"\nshutdown.drain_seconds = -1");
        let text = Settings::load(&sources).expect_err("makes no sense").to_string();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert_eq!(lines[0], "the configuration has 3 problems:");
        for (line, part) in
            lines[1..].iter().zip(["- --http: `gateway`", "- own.toml: `log`", "- own.toml: `shutdown`"])
        {
            assert!(line.starts_with(part), "{text}");
        }
    }

    #[test]
    fn an_empty_text_is_a_setting_that_is_not_set() {
        let value: Value = toml::Table::from_iter([("a".into(), "".into()), ("b".into(), "x".into())]).into();
        assert_eq!(set_only(&value).as_table().map(toml::Table::len), Some(1));
    }
}
