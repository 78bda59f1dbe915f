//! What can be typed after `ultramarket`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use kernel::Currency;

use crate::exit;

/// A marketplace backend in one process. Without a command: `up`.
#[derive(Debug, Parser)]
#[command(name = "ultramarket", version, after_help = exit::CODES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The arguments of `up`, when there is no command.
    #[command(flatten)]
    pub(crate) up: Up,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole marketplace
    Up(Up),
    /// Change or show the schemas of the databases
    Migrate(Migrate),
    /// Load products into a running marketplace
    Import(Import),
    /// Print the OpenAPI document of the REST interface
    Openapi,
    /// Work with the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Arguments of `up`.
#[derive(Debug, Default, Args)]
pub(crate) struct Up {
    /// Where REST, gRPC and the documentation are served [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<SocketAddr>,
    /// Where health and metrics are served [default: 127.0.0.1:9000]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<SocketAddr>,
    /// Do not load the sample catalogue at the first start
    #[arg(long)]
    pub(crate) no_sample: bool,
    /// Where the settings come from.
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Arguments of every command that reads the configuration.
#[derive(Debug, Default, Args)]
pub(crate) struct Settings {
    /// Where everything is kept [default: .ultramarket]
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Use config/PROFILE.toml, for example `dev` or `production` [env: ULTRAMARKET_PROFILE]
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// A directory with one file per secret, named by its setting [env: ULTRAMARKET_SECRETS_DIR]
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) secrets_dir: Option<PathBuf>,
    /// One setting, for example `--set log.filter=debug`; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// What to do with the schemas.
    #[command(subcommand)]
    pub(crate) direction: Direction,
}

/// What to do with the schemas.
#[derive(Debug, Subcommand)]
pub(crate) enum Direction {
    /// Apply all migrations that are pending
    Up {
        /// Where the settings come from.
        #[command(flatten)]
        settings: Settings,
    },
    /// Undo the latest migrations of one service; what they created is lost
    Down {
        /// The service
        #[arg(long)]
        service: String,
        /// How many
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
        /// Where the settings come from.
        #[command(flatten)]
        settings: Settings,
    },
    /// Show which migrations are applied
    Status {
        /// Where the settings come from.
        #[command(flatten)]
        settings: Settings,
    },
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// NDJSON or Shopify product CSV, plain or gzip
    pub(crate) file: PathBuf,
    /// The marketplace to load into
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    pub(crate) url: String,
    /// An administrator's access token
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) token: Option<String>,
    /// Where the marketplace keeps its data: sign in with the administrator's credentials found there
    #[arg(long, value_name = "DIRECTORY", default_value = ".ultramarket")]
    pub(crate) data_dir: PathBuf,
    /// Initial stock of every SKU, in place of the quantities in the file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
    pub(crate) stock: Option<i64>,
    /// Check everything, change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What the file is
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    pub(crate) format: Format,
    /// The currency of prices that do not name theirs (Shopify)
    #[arg(long, value_name = "CODE", default_value = "USD")]
    pub(crate) currency: Currency,
    /// Begin with the first line, even if an earlier import of the same file was broken off
    #[arg(long)]
    pub(crate) restart: bool,
}

/// What an import file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Found out from how the file begins
    Auto,
    /// One JSON object a line
    Ndjson,
    /// Shopify's product CSV
    Shopify,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print all settings in force and where each comes from, secrets masked
    Dump {
        /// Where the settings come from.
        #[command(flatten)]
        settings: Settings,
    },
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_argument_tree_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_means_up() {
        let bare = parse("ultramarket --http 127.0.0.1:0 --no-sample --set log.filter=debug").expect("parses");
        assert!(bare.command.is_none() && bare.up.no_sample);
        assert_eq!(bare.up.settings.set, [("log.filter".to_owned(), "debug".to_owned())]);
        let named = parse("ultramarket up --http 127.0.0.1:0").expect("parses");
        assert!(matches!(named.command, Some(Command::Up(up)) if up.http == bare.up.http));
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        for line in [
            "ultramarket down",
            "ultramarket --http 8000",
            "ultramarket --set nonsense",
            "ultramarket import",
            "ultramarket import x --stock -1",
            "ultramarket import x --currency usd",
            "ultramarket import x --token t --data-dir d",
            "ultramarket migrate",
            "ultramarket migrate down",
            "ultramarket migrate down --service order --steps 0",
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
