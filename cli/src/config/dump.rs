//! Prints the settings in force.

use toml::{Table, Value};

use super::merge::Merged;

/// Settings that nobody may read.
const SECRETS: [&str; 0] = [];
const MASK: &str = "***";

/// The settings as TOML, secrets masked. What is not the default says where it comes from.
pub(crate) fn dump(merged: &Merged) -> String {
    let mut out = String::new();
    section(merged, "", &merged.table, &mut out);
    out
}

fn section(merged: &Merged, prefix: &str, table: &Table, out: &mut String) {
    let path = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    for (name, value) in table.iter().filter(|(_, value)| !value.is_table()) {
        let key = path(name);
        let origin = merged.origins.get(&key).map_or_else(String::new, |origin| format!("  # {origin}"));
        out.push_str(&format!("{name} = {}{origin}\n", masked(&key, value)));
    }
    for (name, value) in table {
        if let Value::Table(inner) = value {
            out.push_str(&format!("\n[{}]\n", path(name)));
            section(merged, &path(name), inner, out);
        }
    }
}

fn masked(key: &str, value: &Value) -> Value {
    match value.as_str() {
        Some(text) if SECRETS.contains(&key) && !text.is_empty() => Value::String(MASK.into()),
        Some(text) => Value::String(without_password(text)),
        None => value.clone(),
    }
}

/// `postgres://user:password@host` without the password.
fn without_password(text: &str) -> String {
    let masked = || {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (credentials, host) = authority.rsplit_once('@')?;
        let (user, _) = credentials.split_once(':')?;
        Some(format!("{scheme}://{user}:{MASK}@{host}{path}"))
    };
    masked().unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Problems, Sources, merge::defaults},
        *,
    };

    fn merged(sources: &Sources) -> Merged {
        Merged::of(sources, &mut Problems::default())
    }

    #[test]
    fn a_dump_is_a_configuration_that_says_where_it_is_from() {
        let sources = Sources::default().set("--set log.filter", "log.filter", "debug");
        let text = dump(&merged(&sources));
        assert!(text.contains("[log]\nfilter = \"debug\"  # --set log.filter\nformat = \"text\"\n"), "{text}");
        let again: Table = text.parse().expect("TOML");
        assert_eq!(again["log"]["filter"].as_str(), Some("debug"));
        assert_eq!(again.keys().collect::<Vec<_>>(), defaults().keys().collect::<Vec<_>>());
    }

    #[test]
    fn passwords_in_addresses_are_masked() {
        assert_eq!(without_password("postgres://ann:s:e@c@db:5432/x?y=z"), "postgres://ann:***@db:5432/x?y=z");
        for harmless in ["sqlite://data/x.db", "postgres://ann@db/x", "http://a/b:c@d", "text", ""] {
            assert_eq!(without_password(harmless), harmless);
        }
    }

    #[test]
    fn every_secret_is_a_setting() {
        let defaults = defaults();
        for key in SECRETS {
            let found =
                key.split('.').try_fold(&Value::Table(defaults.clone()), |value, part| value.get(part)).is_some();
            assert!(found, "{key}");
        }
    }
}
