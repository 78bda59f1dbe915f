//! Prints the settings in force.

use toml::{Table, Value};

use super::{Settings, merge::Merged};

/// What a part of the settings serializes its secrets as.
const MASK: &str = "***";

/// The settings as TOML, secrets masked. What is not the default says where it comes from.
pub(crate) fn dump(settings: &Settings, merged: &Merged) -> String {
    let shown = Table::try_from(settings).expect("what was read from TOML can be written as TOML");
    let mut out = String::new();
    section(merged, "", &merged.table, Some(&shown), &mut out);
    out
}

/// Prints `table` as it was set. Which of it is secret is known to the part of the settings that it belongs to:
/// `shown` is what that part shows of itself.
fn section(merged: &Merged, prefix: &str, table: &Table, shown: Option<&Table>, out: &mut String) {
    let path = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    let shown = |name: &str| shown.and_then(|shown| shown.get(name));
    for (name, value) in table.iter().filter(|(_, value)| !value.is_table()) {
        let origin = merged.origins.get(&path(name)).map_or_else(String::new, |origin| format!("  # {origin}"));
        out.push_str(&format!("{name} = {}{origin}\n", masked(value, shown(name))));
    }
    for (name, value) in table {
        if let Value::Table(inner) = value {
            out.push_str(&format!("\n[{}]\n", path(name)));
            section(merged, &path(name), inner, shown(name).and_then(Value::as_table), out);
        }
    }
}

fn masked(value: &Value, shown: Option<&Value>) -> Value {
    match (value.as_str(), shown.and_then(Value::as_str)) {
        (Some(_), Some(MASK)) => Value::String(MASK.into()),
        (Some(text), _) => Value::String(without_password(text)),
        (None, _) => value.clone(),
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
        super::{Sources, merge::defaults},
        *,
    };

    fn dumped(sources: &Sources) -> String {
        let (settings, merged) = Settings::load_merged(sources).expect("the settings fit");
        dump(&settings, &merged)
    }

    #[test]
    fn a_dump_is_a_configuration_that_says_where_it_is_from() {
        let text = dumped(&Sources::default().set("--set log.filter", "log.filter", "debug"));
        assert!(text.contains("[log]\nfilter = \"debug\"  # --set log.filter\nformat = \"text\"\n"), "{text}");
        let again: Table = text.parse().expect("TOML");
        assert_eq!(again["log"]["filter"].as_str(), Some("debug"));
        assert_eq!(again.keys().collect::<Vec<_>>(), defaults().keys().collect::<Vec<_>>());
    }

    #[test]
    fn secrets_are_masked_wherever_they_come_from() {
        let text = dumped(
            &Sources::default()
                .file("own.toml", "[payment.sandbox]\nwebhook_secret = \"s3cret\"")
                .set("a file", "identity.password.pepper", "s3cret")
                .set("a variable", "payment.sandbox.webhook_secret_before", "s3cret")
                .set("a flag", "notification.fallback_mail_url", "file://ann:s3cret@host/mail"),
        );
        assert!(!text.contains("s3cret"), "{text}");
        for line in [
            "pepper = \"***\"  # a file",
            "webhook_secret = \"***\"  # own.toml",
            "webhook_secret_before = \"***\"  # a variable",
            "fallback_mail_url = \"file://ann:***@host/mail\"  # a flag",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
        let unset = dumped(&Sources::default());
        assert!(unset.contains("pepper = \"\"\n") && !unset.contains(MASK), "{unset}");
    }

    #[test]
    fn passwords_in_addresses_are_masked() {
        assert_eq!(without_password("postgres://ann:s:e@c@db:5432/x?y=z"), "postgres://ann:***@db:5432/x?y=z");
        for harmless in ["sqlite://data/x.db", "postgres://ann@db/x", "http://a/b:c@d", "text", ""] {
            assert_eq!(without_password(harmless), harmless);
        }
    }
}
