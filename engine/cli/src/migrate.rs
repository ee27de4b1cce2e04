//! `homeroom migrate`: makes the engine's own tables, and those of the demo where that is wanted.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use homeroom_definition::render;
use homeroom_store::outbox::SCHEMA;
use homeroom_store::sql::{Db, Migration};

use crate::check::drawn;
use crate::load::load_settings;
use crate::scenario::beside;
use crate::settings::Environment;
use crate::{Deployable, fail, files};

/// What is made, and where.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions; without one, those in this binary.
    #[arg(long, value_name = "DIR")]
    namespaces: Option<PathBuf>,
    /// Settings from this file; otherwise `homeroom.yaml` beside the definitions.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make and fill the tables of `database: demo:` as well.
    #[arg(long)]
    demo: bool,
    /// Print the statements, and run nothing.
    #[arg(long)]
    print: bool,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    match migrate(deployable, options).await {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

async fn migrate(deployable: &Deployable, options: &Options) -> Result<String, String> {
    let files = files(deployable, options.namespaces.as_ref(), options.config.as_ref())?;
    let loaded = load_settings(&files, options.config.as_deref(), &Environment::of_process());
    let told = loaded.diagnostics.sorted();
    if loaded.diagnostics.has_errors() {
        return Err(format!("{}{}", drawn(&told, &loaded.sources), render::summary(&told)));
    }
    let settings = loaded.settings.ok_or("there are no settings")?;
    let demo = match (options.demo, &settings.demo) {
        (false, _) => None,
        (true, None) => return Err("the settings name no `database: demo:`".to_owned()),
        (true, Some(demo)) => {
            let path = beside(loaded.sources.path(demo.span.source), &demo.value);
            let script = loaded.sources.find(&path).ok_or_else(|| format!("there is no file `{path}`"))?;
            Some(loaded.sources.text(script))
        }
    };
    let outbox = Migration { name: "homeroom outbox 1", script: SCHEMA };
    let demo = demo.map(|script| Migration { name: "demo 1", script });
    let url = settings.database.as_ref().map(|url| url.value.as_str());
    if options.print {
        return Ok([Some(outbox), demo]
            .iter()
            .flatten()
            .map(|migration| migration.script)
            .collect::<Vec<_>>()
            .join("\n"));
    }
    let url = url.ok_or("there is no database: set `DATABASE_URL`")?;
    // SQLite is of one server, and has no outbox.
    let outbox = Some(outbox).filter(|_| url.starts_with("postgres"));
    let db = Db::open(url, settings.sql.clone()).await.map_err(|error| error.to_string())?;
    let migrations: Vec<Migration<'_>> = outbox.into_iter().chain(demo).collect();
    let run = db.migrate(&migrations).await.map_err(|error| error.to_string())?;
    Ok(match run.is_empty() {
        true => "nothing to do".to_owned(),
        false => run.iter().map(|name| format!("made: {name}")).collect::<Vec<_>>().join("\n"),
    })
}
