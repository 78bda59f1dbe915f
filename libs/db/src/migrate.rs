//! Moves the schema between versions, and refuses one that this program does not know.
//!
//! Each migration commits together with the record that it was applied, so a migration that fails leaves nothing
//! behind. The record has the form of `sea-orm-migration`'s own.

use std::collections::HashSet;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sea_query::{ColumnDef, Table},
};
use sea_orm_migration::{MigrationTrait, SchemaManager};

use crate::{Db, Error, sql::statement};

const TABLE: &str = "seaql_migrations";

/// One step of the schema.
pub type Migration = Box<dyn MigrationTrait>;

/// The schema is not the one that this program needs. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Migrations are missing: run them first.
    #[error("the schema is behind, not applied yet: {}", .0.join(", "))]
    Behind(Vec<String>),
    /// A newer program has migrated the database: use that one, or migrate down with it.
    #[error("the schema is newer than this program, unknown to it: {}", .0.join(", "))]
    Newer(Vec<String>),
    /// Two migrations of the program have the same name.
    #[error("two migrations are called {0}")]
    Duplicate(String),
}

/// A migration and whether it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// Applies the migrations of a service to its database.
pub struct Migrator {
    db: Db,
    migrations: Vec<Migration>,
}

impl std::fmt::Debug for Migrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.migrations.iter().map(|migration| migration.name()).collect();
        f.debug_struct("Migrator").field("db", &self.db).field("migrations", &names).finish()
    }
}

impl Migrator {
    /// `migrations` are applied in the order given; released ones never change and never move.
    #[must_use]
    pub fn new(db: &Db, migrations: Vec<Migration>) -> Self {
        Self { db: db.clone(), migrations }
    }

    /// Applies what is missing and returns the names of it.
    ///
    /// # Errors
    /// When the schema is newer than this program, or a migration fails; those before it stay applied.
    pub async fn up(&self) -> Result<Vec<String>, Error> {
        self.check_names()?;
        let connection = self.db.connection_for_migrations().await?;
        let applied = self.applied(&SchemaManager::new(&connection)).await?;
        let mut done = Vec::new();
        for migration in self.migrations.iter().filter(|migration| !applied.contains(migration.name())) {
            if self.apply(&connection, migration).await? {
                tracing::info!(db.service = self.db.service(), migration = migration.name(), "migration applied");
                done.push(migration.name().to_owned());
            }
        }
        connection.close().await?;
        Ok(done)
    }

    /// Takes the last `steps` applied migrations back and returns the names of them.
    ///
    /// # Errors
    /// When the schema is newer than this program, or a migration cannot be taken back.
    pub async fn down(&self, steps: usize) -> Result<Vec<String>, Error> {
        self.check_names()?;
        let connection = self.db.connection_for_migrations().await?;
        let applied = self.applied(&SchemaManager::new(&connection)).await?;
        let mut done = Vec::new();
        let last_first = self.migrations.iter().rev().filter(|migration| applied.contains(migration.name()));
        for migration in last_first.take(steps) {
            if self.revert(&connection, migration).await? {
                tracing::info!(db.service = self.db.service(), migration = migration.name(), "migration taken back");
                done.push(migration.name().to_owned());
            }
        }
        connection.close().await?;
        Ok(done)
    }

    /// All migrations of this program, and whether the database has them.
    ///
    /// # Errors
    /// When the schema is newer than this program.
    pub async fn status(&self) -> Result<Vec<Step>, Error> {
        self.check_names()?;
        let connection = self.db.connection_for_migrations().await?;
        let applied = self.applied(&SchemaManager::new(&connection)).await?;
        connection.close().await?;
        let step = |migration: &Migration| Step {
            name: migration.name().to_owned(),
            applied: applied.contains(migration.name()),
        };
        Ok(self.migrations.iter().map(step).collect())
    }

    /// Refuses to work with any schema but the one that this program needs.
    ///
    /// # Errors
    /// [`SchemaError`] when it is behind or newer.
    pub async fn ensure_current(&self) -> Result<(), Error> {
        let missing = self.status().await?.into_iter().filter(|step| !step.applied);
        let missing: Vec<String> = missing.map(|step| step.name).collect();
        if missing.is_empty() { Ok(()) } else { Err(SchemaError::Behind(missing).into()) }
    }

    /// Whether there was something to do: another program may have been faster.
    async fn apply(&self, connection: &DatabaseConnection, migration: &Migration) -> Result<bool, Error> {
        let tx = connection.begin_with_options(locked()).await?;
        let mut versions = Table::create();
        versions
            .table(TABLE)
            .if_not_exists()
            .col(ColumnDef::new("version").text().not_null().primary_key())
            .col(ColumnDef::new("applied_at").big_integer().not_null());
        tx.execute(&versions).await?;
        let manager = SchemaManager::new(&tx);
        if self.applied(&manager).await?.contains(migration.name()) {
            return Ok(false);
        }
        migration.up(&manager).await?;
        let record = "INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, $2)";
        let now = self.db.clock().now().unix_seconds();
        tx.execute_raw(statement(&tx, record, [migration.name().into(), now.into()])).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn revert(&self, connection: &DatabaseConnection, migration: &Migration) -> Result<bool, Error> {
        let tx = connection.begin_with_options(locked()).await?;
        let manager = SchemaManager::new(&tx);
        if !self.applied(&manager).await?.contains(migration.name()) {
            return Ok(false);
        }
        migration.down(&manager).await?;
        let record = "DELETE FROM seaql_migrations WHERE version = $1";
        tx.execute_raw(statement(&tx, record, [migration.name().into()])).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The names of what was applied, all of them known.
    async fn applied(&self, manager: &SchemaManager<'_>) -> Result<HashSet<String>, Error> {
        if !manager.has_table(TABLE).await? {
            return Ok(HashSet::new());
        }
        let db = manager.get_connection();
        let rows = db.query_all_raw(statement(db, "SELECT version FROM seaql_migrations ORDER BY version", [])).await?;
        let applied: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?;
        let known: HashSet<&str> = self.migrations.iter().map(|migration| migration.name()).collect();
        let (known, unknown): (Vec<_>, Vec<_>) = applied.into_iter().partition(|name| known.contains(name.as_str()));
        if unknown.is_empty() { Ok(known.into_iter().collect()) } else { Err(SchemaError::Newer(unknown).into()) }
    }

    fn check_names(&self) -> Result<(), SchemaError> {
        let mut seen = HashSet::new();
        for migration in &self.migrations {
            if !seen.insert(migration.name()) {
                return Err(SchemaError::Duplicate(migration.name().to_owned()));
            }
        }
        Ok(())
    }
}

/// Programs that migrate at once take turns, and see what the others did.
fn locked() -> TransactionOptions {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() }
}
