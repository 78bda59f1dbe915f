//! Lays sources over the defaults, and remembers where each value comes from.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{DEFAULT, Problems, Sources, sources::Text};

/// All settings, and where those come from that are not the default.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    /// The settings.
    pub(crate) table: Table,
    /// By dotted key.
    pub(crate) origins: BTreeMap<String, String>,
}

/// The defaults.
pub(crate) fn defaults() -> Table {
    DEFAULT.parse().expect("the embedded defaults are TOML, which a test shows")
}

impl Merged {
    /// Lays `sources` over the defaults.
    pub(crate) fn of(sources: &Sources, problems: &mut Problems) -> Self {
        let mut merged = Self { table: defaults(), origins: BTreeMap::new() };
        for (name, text) in &sources.files {
            match text.parse::<Table>() {
                Ok(table) => merged.lay(name, "", table, problems),
                Err(error) => problems.add(format!("{name}{}: {}", line(text, error.span()), error.message())),
            }
        }
        for text in &sources.texts {
            merged.put(text, problems);
        }
        merged
    }

    /// Where the values of a section come from, each once.
    pub(crate) fn origins_of(&self, section: &str) -> impl Iterator<Item = &str> {
        let inside =
            move |key: &str| key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let origins: BTreeSet<_> = self.origins.iter().filter(|(key, _)| inside(key)).map(|(_, from)| from).collect();
        origins.into_iter().map(String::as_str)
    }

    fn lay(&mut self, origin: &str, prefix: &str, table: Table, problems: &mut Problems) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match (find(&mut self.table, &key), value) {
                (Ok(Value::Table(_)), Value::Table(inner)) => self.lay(origin, &key, inner, problems),
                (Ok(slot), value) if fits(slot, &value) => {
                    *slot = value;
                    self.origins.insert(key, origin.to_owned());
                }
                (Ok(slot), value) => {
                    problems.add(format!("{origin}: `{key}` is {}, where {} is needed", kind(&value), kind(slot)))
                }
                (Err(unknown), _) => problems.add(format!("{origin}: {unknown}")),
            }
        }
    }

    fn put(&mut self, text: &Text, problems: &mut Problems) {
        let Text { origin, key, value } = text;
        let slot = match find(&mut self.table, key) {
            Ok(slot) => slot,
            Err(unknown) => return problems.add(format!("{origin}: {unknown}")),
        };
        // The value itself is not shown: it may be a secret.
        match like(slot, value) {
            Some(value) => {
                *slot = value;
                self.origins.insert(key.clone(), origin.clone());
            }
            None => problems.add(format!("{origin}: `{key}` needs {}", kind(slot))),
        }
    }
}

/// The place of a setting, or what there is instead.
fn find<'a>(table: &'a mut Table, key: &str) -> Result<&'a mut Value, String> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let known = || table.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match rest {
        _ if !table.contains_key(first) => Err(format!("there is no setting `{key}`; there are {}", known())),
        None => Ok(&mut table[first]),
        Some(rest) if table[first].is_table() => {
            let inner = table[first].as_table_mut().expect("was just seen to be a table");
            find(inner, rest).map_err(|error| error.replacen(&format!("`{rest}`"), &format!("`{key}`"), 1))
        }
        Some(_) => Err(format!("there is no setting `{key}`; `{first}` is {}", kind(&table[first]))),
    }
}

/// Whether a value has the type of the default.
fn fits(default: &Value, value: &Value) -> bool {
    default.same_type(value) || matches!((default, value), (Value::Float(_), Value::Integer(_)))
}

/// Text as a value of the type of the default.
fn like(default: &Value, text: &str) -> Option<Value> {
    match default {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Float(_) => text.trim().parse().ok().map(Value::Float),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) if text.trim_start().starts_with('[') => {
            let table = format!("value = {text}").parse::<Table>().ok()?;
            table.get("value").cloned()
        }
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()))
        }
        Value::Datetime(_) => text.trim().parse().ok().map(Value::Datetime),
        Value::Table(_) => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

fn line(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let before = span.and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| format!(" line {}", before.matches('\n').count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(sources: &Sources) -> Result<Merged, String> {
        let mut problems = Problems::default();
        let merged = Merged::of(sources, &mut problems);
        problems.none_or(merged).map_err(|problems| problems.to_string())
    }

    #[test]
    fn later_sources_win_and_are_remembered() {
        let sources = Sources::default()
            .file("one.toml", "[log]\nfilter = \"info\"\nformat = \"json\"")
            .file("two.toml", "log.filter = \"debug\"")
            .set("--set log.filter", "log.filter", "trace")
            .set("a variable", "shutdown.drain_seconds", " 7 ")
            .set("a variable", "sample", "false");
        let merged = merge(&sources).expect("nothing is wrong");
        assert_eq!(merged.table["log"]["filter"].as_str(), Some("trace"));
        assert_eq!(merged.table["log"]["format"].as_str(), Some("json"));
        assert_eq!(merged.table["shutdown"]["drain_seconds"].as_integer(), Some(7));
        assert_eq!(merged.table["sample"].as_bool(), Some(false));
        assert_eq!(merged.origins["log.filter"], "--set log.filter");
        assert_eq!(merged.origins["log.format"], "one.toml");
        assert!(!merged.origins.contains_key("gateway.address"));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_without_the_values() {
        let sources = Sources::default()
            .file("one.toml", "htp = 1\nsample = \"yes\"\n[log]\nfiler = \"info\"\n[gateway.address]\nport = 1")
            .file("two.toml", "a = \nb = 1")
            .set("--set x", "log.filter.order", "secret")
            .set("--set y", "shutdown.drain_seconds", "secret")
            .set("--set z", "log", "secret");
        let text = merge(&sources).expect_err("all is wrong");
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "the configuration has 8 problems:",
                "- one.toml: `gateway.address` is a section, where text is needed",
                "- one.toml: there is no setting `htp`; there are `admin`, `cart`, `catalog`, `data_dir`, `gateway`, `identity`, `inventory`, `log`, `notification`, `order`, `payment`, `sample`, `search`, `shutdown`, `user`",
                "- one.toml: there is no setting `log.filer`; there are `filter`, `format`",
                "- one.toml: `sample` is text, where true or false is needed",
                "- two.toml line 1: string values must be quoted, expected literal string",
                "- --set x: there is no setting `log.filter.order`; `filter` is text",
                "- --set y: `shutdown.drain_seconds` needs a whole number",
                "- --set z: `log` needs a section",
            ]
        );
    }

    #[test]
    fn lists_are_written_with_commas_or_as_toml() {
        let list = Value::Array(Vec::new());
        let texts = |text| {
            let value = like(&list, text).expect("a list");
            value.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(texts("a, b,"), ["a", "b"]);
        assert_eq!(texts("[\"a, b\"]"), ["a, b"]);
        assert_eq!(texts(""), Vec::<String>::new());
        assert!(like(&list, "[a").is_none());
    }
}
