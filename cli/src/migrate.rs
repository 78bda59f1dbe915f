//! `ultramarket migrate`: the schemas of the databases in a data directory.

use std::{fmt::Write, sync::Arc};

use kernel::{SharedClock, SharedIds, SystemClock, SystemIds};

use crate::{
    args::{self, Direction},
    config::{Settings, Sources},
    environment::Environment,
    exit::{Exit, Failure},
    up::{DataDir, SCHEMAS, Stores},
};

/// Does what the command line says and returns what is to be printed.
///
/// # Errors
/// The directory is in use, a schema is newer, or a migration fails.
pub(crate) async fn run(direction: &Direction, environment: &Environment) -> Result<String, Failure> {
    let (Direction::Up { settings } | Direction::Down { settings, .. } | Direction::Status { settings }) = direction;
    let stores = open(settings, environment).await?;
    let report = match direction {
        Direction::Up { .. } => up(&stores).await,
        Direction::Down { service, steps, .. } => down(&stores, service, *steps).await,
        Direction::Status { .. } => status(&stores).await,
    };
    stores.close().await;
    report
}

async fn open(arguments: &args::Settings, environment: &Environment) -> Result<Stores, Failure> {
    let settings = Settings::load(&Sources::read(arguments, environment)?)?;
    let (clock, ids): (SharedClock, SharedIds) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let directory = DataDir::open(&settings.data_dir)?;
    Stores::open(directory, &clock, &ids).await
}

async fn up(stores: &Stores) -> Result<String, Failure> {
    let applied = stores.migrate().await?;
    Ok(match applied.len() {
        0 => "all schemas are up to date\n".to_owned(),
        _ => applied.iter().fold(String::new(), |text, step| text + "applied " + step + "\n"),
    })
}

async fn down(stores: &Stores, service: &str, steps: u32) -> Result<String, Failure> {
    let schema = SCHEMAS.iter().find(|schema| schema.service == service).ok_or_else(|| {
        let known: Vec<&str> = SCHEMAS.iter().map(|schema| schema.service).collect();
        Failure::new(Exit::Usage, format!("no service {service:?} has a database; there are {}", known.join(", ")))
    })?;
    let taken_back =
        stores.migrator(schema).down(steps as usize).await.map_err(|error| stores.unfit(schema, &error))?;
    Ok(match taken_back.len() {
        0 => format!("{service} has no migration to take back\n"),
        _ => taken_back.iter().fold(String::new(), |text, name| text + "took back " + service + " " + name + "\n"),
    })
}

async fn status(stores: &Stores) -> Result<String, Failure> {
    let mut text = String::new();
    for schema in &SCHEMAS {
        let steps = stores.migrator(schema).status().await.map_err(|error| stores.unfit(schema, &error))?;
        for step in steps {
            let mark = if step.applied { "applied" } else { "pending" };
            writeln!(text, "{mark}  {:<13} {}", schema.service, step.name).expect("writing to text does not fail");
        }
    }
    Ok(text)
}
