//! `ultramarket migrate`: the schemas of the databases in a data directory.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use db::Step;
use kernel::{SharedClock, SharedIds, SystemClock, SystemIds};

use crate::{
    args::{self, Direction},
    config::{Settings, Sources},
    environment::Environment,
    exit::{Exit, Failure},
    up::{DataDir, SCHEMAS, Schema, Stores},
};

/// Does what the command line says and returns what is to be printed.
///
/// # Errors
/// The directory is in use, a schema is newer, or a migration fails.
pub(crate) async fn run(direction: &Direction, environment: &Environment) -> Result<String, Failure> {
    match direction {
        Direction::Up { settings } => up(&data_dir(settings, environment)?).await,
        Direction::Down { service, steps, settings } => {
            down(&data_dir(settings, environment)?, schema(service)?, *steps).await
        }
        Direction::Status { settings } => status(&data_dir(settings, environment)?).await,
    }
}

fn data_dir(arguments: &args::Settings, environment: &Environment) -> Result<PathBuf, Failure> {
    Ok(Settings::load(&Sources::read(arguments, environment)?)?.data_dir)
}

fn schema(service: &str) -> Result<&'static Schema, Failure> {
    SCHEMAS.iter().find(|schema| schema.service == service).ok_or_else(|| {
        let known: Vec<&str> = SCHEMAS.iter().map(|schema| schema.service).collect();
        Failure::new(Exit::Usage, format!("no service {service:?} has a database; there are {}", known.join(", ")))
    })
}

fn time_and_ids() -> (SharedClock, SharedIds) {
    (Arc::new(SystemClock), Arc::new(SystemIds))
}

async fn up(data_dir: &Path) -> Result<String, Failure> {
    let (clock, ids) = time_and_ids();
    let stores = Stores::open(DataDir::open(data_dir)?, &clock, &ids).await?;
    let applied = stores.migrate().await;
    stores.close().await;
    let applied = applied?;
    Ok(match applied.len() {
        0 => "all schemas are up to date\n".to_owned(),
        _ => applied.iter().fold(String::new(), |text, step| text + "applied " + step + "\n"),
    })
}

async fn down(data_dir: &Path, schema: &Schema, steps: u32) -> Result<String, Failure> {
    let (clock, ids) = time_and_ids();
    let stores = Stores::open(DataDir::open(data_dir)?, &clock, &ids).await?;
    let taken_back = stores.migrator(schema).down(steps as usize).await;
    stores.close().await;
    let taken_back = taken_back.map_err(|error| stores.unfit(schema, &error))?;
    let service = schema.service;
    Ok(match taken_back.len() {
        0 => format!("{service} has no migration to take back\n"),
        _ => taken_back.iter().fold(String::new(), |text, name| text + "took back " + service + " " + name + "\n"),
    })
}

/// Creates nothing: what does not exist has nothing applied.
async fn status(data_dir: &Path) -> Result<String, Failure> {
    if !data_dir.exists() {
        return Ok(SCHEMAS.iter().map(|schema| table(schema, &schema.pending())).collect());
    }
    let (clock, ids) = time_and_ids();
    let stores = Stores::open_existing(DataDir::open(data_dir)?, &clock, &ids).await?;
    let text = all_steps(&stores).await;
    stores.close().await;
    text
}

async fn all_steps(stores: &Stores) -> Result<String, Failure> {
    let mut text = String::new();
    for schema in &SCHEMAS {
        text += &table(schema, &stores.steps(schema).await?);
    }
    Ok(text)
}

fn table(schema: &Schema, steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        let mark = if step.applied { "applied" } else { "pending" };
        writeln!(text, "{mark}  {:<13} {}", schema.service, step.name).expect("writing to text does not fail");
        text
    })
}
