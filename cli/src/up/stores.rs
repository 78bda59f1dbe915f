//! The databases of all services: one SQLite file each in the data directory.

use std::{collections::BTreeMap, path::Path};

use db::{Db, Durability, Migration, Migrator, Options, SchemaError, Step};
use kernel::{SharedClock, SharedIds};

use super::data_dir::DataDir;
use crate::exit::{Exit, Failure};

/// What a service keeps.
pub(crate) struct Schema {
    pub(crate) service: &'static str,
    pub(crate) durability: Durability,
    pub(crate) migrations: fn() -> Vec<Migration>,
}

impl Schema {
    /// All migrations, none of them applied.
    pub(crate) fn pending(&self) -> Vec<Step> {
        let pending = |migration: &Migration| Step { name: migration.name().to_owned(), applied: false };
        (self.migrations)().iter().map(pending).collect()
    }
}

/// Every service with a database, in the order in which they are migrated.
pub(crate) const SCHEMAS: [Schema; 8] = [
    Schema { service: identity::NAME, durability: identity::DURABILITY, migrations: identity::migrations },
    Schema { service: user::NAME, durability: user::DURABILITY, migrations: user::migrations },
    Schema { service: catalog::NAME, durability: catalog::DURABILITY, migrations: catalog::migrations },
    Schema { service: inventory::NAME, durability: inventory::DURABILITY, migrations: inventory::migrations },
    Schema { service: cart::NAME, durability: cart::DURABILITY, migrations: cart::migrations },
    Schema { service: order::NAME, durability: order::DURABILITY, migrations: order::migrations },
    Schema { service: payment::NAME, durability: payment::DURABILITY, migrations: payment::migrations },
    Schema { service: notification::NAME, durability: notification::DURABILITY, migrations: notification::migrations },
];

/// The open databases, and the data directory that they are in.
pub(crate) struct Stores {
    databases: BTreeMap<&'static str, Db>,
    directory: DataDir,
}

impl Stores {
    /// Opens all databases; creates those that are missing.
    ///
    /// # Errors
    /// One cannot be opened.
    pub(crate) async fn open(directory: DataDir, clock: &SharedClock, ids: &SharedIds) -> Result<Self, Failure> {
        Self::open_those(directory, clock, ids, |_| true).await
    }

    /// Opens the databases that there are.
    ///
    /// # Errors
    /// One cannot be opened.
    pub(crate) async fn open_existing(
        directory: DataDir,
        clock: &SharedClock,
        ids: &SharedIds,
    ) -> Result<Self, Failure> {
        Self::open_those(directory, clock, ids, Path::exists).await
    }

    async fn open_those(
        directory: DataDir,
        clock: &SharedClock,
        ids: &SharedIds,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<Self, Failure> {
        let mut databases = BTreeMap::new();
        for schema in &SCHEMAS {
            let path = directory.join(&format!("{}.db", schema.service));
            if !wanted(&path) {
                continue;
            }
            let options = Options { durability: schema.durability, ..Options::new(schema.service) };
            let db = Db::open(&url(&path), options, clock.clone(), ids.clone()).await;
            let db = db.map_err(|error| {
                let why = service_kit::error_chain(&error);
                Failure::new(Exit::CannotCreate, format!("cannot open the database {}: {why}", path.display()))
            })?;
            databases.insert(schema.service, db);
        }
        Ok(Self { databases, directory })
    }

    /// Brings all schemas up to date and tells what was applied. Looks at all before it changes one, so that a newer one leaves all untouched.
    ///
    /// # Errors
    /// A schema belongs to a newer version, or a migration fails.
    pub(crate) async fn migrate(&self) -> Result<Vec<String>, Failure> {
        for schema in &SCHEMAS {
            self.steps(schema).await?;
        }
        let mut applied = Vec::new();
        for schema in &SCHEMAS {
            let names = self.migrator(schema).up().await.map_err(|error| self.unfit(schema, &error))?;
            applied.extend(names.into_iter().map(|name| format!("{} {name}", schema.service)));
        }
        Ok(applied)
    }

    /// All migrations of a service, and whether its database has them; one that does not exist has none.
    ///
    /// # Errors
    /// The schema belongs to a newer version.
    pub(crate) async fn steps(&self, schema: &Schema) -> Result<Vec<Step>, Failure> {
        if self.databases.contains_key(schema.service) {
            return self.migrator(schema).status().await.map_err(|error| self.unfit(schema, &error));
        }
        Ok(schema.pending())
    }

    /// Frees the idempotency keys of requests that an earlier process did not finish, so that they may be sent again
    /// at once. The data directory is ours, so nobody else is at work on them.
    ///
    /// # Errors
    /// A database fails.
    pub(crate) async fn free_abandoned_keys(&self) -> Result<(), Failure> {
        for db in self.databases.values() {
            db::idempotency::free_abandoned(db).await.map_err(|error| {
                let why = service_kit::error_chain(&error);
                Failure::new(Exit::Failure, format!("cannot use the database of {}: {why}", db.service()))
            })?;
        }
        Ok(())
    }

    /// Moves the schema of one service.
    pub(crate) fn migrator(&self, schema: &Schema) -> Migrator {
        Migrator::new(self.of(schema.service), (schema.migrations)())
    }

    /// The database of a service.
    pub(crate) fn of(&self, service: &str) -> &Db {
        &self.databases[service]
    }

    /// Closes all databases.
    pub(crate) async fn close(&self) {
        for db in self.databases.values() {
            db.close().await;
        }
    }

    /// The data directory.
    pub(crate) fn directory(&self) -> &DataDir {
        &self.directory
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Db> {
        self.databases.values()
    }

    /// What to tell when a schema cannot be worked with.
    pub(crate) fn unfit(&self, schema: &Schema, error: &db::Error) -> Failure {
        let why = match error {
            db::Error::Schema(newer @ SchemaError::Newer(_)) => {
                format!("{newer}; use the version of ultramarket that wrote it")
            }
            _ => service_kit::error_chain(error),
        };
        Failure::new(Exit::Config, format!("the database of {} does not fit: {why}", schema.service))
    }
}

/// A path may have characters that mean something in a URL.
fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display().to_string().replace('%', "%25").replace('?', "%3F"))
}
