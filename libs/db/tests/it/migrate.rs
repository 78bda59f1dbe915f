//! Moving the schema.

use db::{Db, Error, Migration, Migrator, Options, SchemaError, migrations_of_messaging};
use kernel::SystemIds;
use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::{ConnectionTrait, DbErr},
};

use crate::support::{clock, number};

/// A migration of two statements, for the way up and the way down.
struct Step {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
#[expect(elided_lifetimes_in_paths, reason = "the signature of MigrationTrait")]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.up).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.down).await.map(drop)
    }
}

const PENS: Step = Step { name: "m1_pens", up: "CREATE TABLE pens (id BIGINT)", down: "DROP TABLE pens" };
const INKS: Step = Step { name: "m2_inks", up: "CREATE TABLE inks (id BIGINT)", down: "DROP TABLE inks" };
const BAD: Step = Step { name: "m3_bad", up: "CREATE TABLE quills (id BIGINT); CREATE NONSENSE", down: "" };

async fn open() -> Db {
    let ids = std::sync::Arc::new(SystemIds);
    Db::open("sqlite::memory:", Options::default(), clock(), ids).await.expect("opens")
}

fn migrator(db: &Db, steps: impl IntoIterator<Item = Step>) -> Migrator {
    Migrator::new(db, steps.into_iter().map(|step| Box::new(step) as Migration).collect())
}

async fn tables(db: &Db) -> i64 {
    number(db, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('pens', 'inks', 'quills')").await
}

#[tokio::test]
async fn the_schema_goes_up_and_down_step_by_step() {
    let db = open().await;
    let migrator = migrator(&db, [PENS, INKS]);
    let applied = async || migrator.status().await.unwrap().iter().map(|step| step.applied).collect::<Vec<_>>();
    assert_eq!(applied().await, [false, false]);
    assert_eq!(migrator.up().await.unwrap(), ["m1_pens", "m2_inks"]);
    assert!(migrator.up().await.unwrap().is_empty(), "the second time there is nothing to do");
    assert_eq!(applied().await, [true, true]);
    migrator.ensure_current().await.expect("is current");
    assert_eq!(migrator.down(1).await.unwrap(), ["m2_inks"]);
    assert_eq!((applied().await, tables(&db).await), (vec![true, false], 1));
    assert_eq!(migrator.down(9).await.unwrap(), ["m1_pens"]);
    assert_eq!((applied().await, tables(&db).await), (vec![false, false], 0));
    assert!(migrator.down(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_schema_that_is_behind_is_refused() {
    let db = open().await;
    migrator(&db, [PENS]).up().await.unwrap();
    let error = migrator(&db, [PENS, INKS]).ensure_current().await.expect_err("is behind");
    assert!(matches!(&error, Error::Schema(SchemaError::Behind(missing)) if missing == &["m2_inks"]));
    assert_eq!(tables(&db).await, 1);
}

#[tokio::test]
async fn a_schema_that_is_newer_is_refused_and_left_alone() {
    let db = open().await;
    migrator(&db, [PENS, INKS]).up().await.unwrap();
    let old = migrator(&db, [PENS]);
    for result in [old.up().await.map(drop), old.down(1).await.map(drop), old.ensure_current().await] {
        let error = result.expect_err("is newer");
        assert!(matches!(&error, Error::Schema(SchemaError::Newer(unknown)) if unknown == &["m2_inks"]));
    }
    assert_eq!(tables(&db).await, 2);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_and_those_before_it_stay() {
    let db = open().await;
    let migrator = migrator(&db, [PENS, BAD, INKS]);
    assert!(matches!(migrator.up().await, Err(Error::Query(_))));
    assert_eq!(tables(&db).await, 1);
    let error = migrator.ensure_current().await.expect_err("is behind");
    assert!(matches!(&error, Error::Schema(SchemaError::Behind(missing)) if missing == &["m3_bad", "m2_inks"]));
}

#[tokio::test]
async fn names_are_unique() {
    let db = open().await;
    let error = migrator(&db, [PENS, PENS]).up().await.expect_err("twice the same");
    assert!(matches!(error, Error::Schema(SchemaError::Duplicate(name)) if name == "m1_pens"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_that_migrate_at_once_apply_each_step_once() {
    let db = open().await;
    let (one, other) = (migrator(&db, [PENS, INKS]), migrator(&db, [PENS, INKS]));
    let (one, other) = tokio::join!(one.up(), other.up());
    assert_eq!(one.unwrap().len() + other.unwrap().len(), 2);
}

#[tokio::test]
async fn the_tables_of_messaging_go_up_and_down() {
    let db = open().await;
    let migrator = Migrator::new(&db, migrations_of_messaging());
    assert_eq!(migrator.up().await.unwrap().len(), 3);
    assert_eq!(migrator.down(3).await.unwrap().len(), 3);
    let left = "SELECT COUNT(*) FROM sqlite_master WHERE name NOT LIKE 'seaql%' AND name NOT LIKE 'sqlite%'";
    assert_eq!(number(&db, left).await, 0);
    migrator.up().await.expect("and up again");
}
