//! `homeroom test`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use homeroom_definition::render::{self, Look};

use crate::check::drawn;
use crate::load::{Purpose, load_for};
use crate::scenario::{self, Origin, Theatre};
use crate::settings::Environment;
use crate::{Deployable, fail, files};

/// Which scenarios.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder; without one, the definitions in this binary.
    dir: Option<PathBuf>,
    /// Settings from this file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Only scenarios whose name has this in it.
    #[arg(long)]
    filter: Option<String>,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    let files = match files(deployable, options.dir.as_ref(), options.config.as_ref()) {
        Ok(files) => files,
        Err(error) => return fail(&error),
    };
    let (config, environment) = (options.config.as_deref(), Environment::of_process());
    let mut loaded = load_for(Purpose::Test, &files, config, &environment, &deployable.hooks).await;
    let plan = loaded.plan.clone();
    let sources = std::mem::take(&mut loaded.tests);
    let tests: Vec<_> = sources
        .into_iter()
        .filter_map(|source| {
            Some((source, scenario::read(&loaded.sources, source, plan.as_deref()?, &mut loaded.diagnostics)?))
        })
        .collect();
    let (Some(plan), Some(settings), false) = (plan, &loaded.settings, loaded.diagnostics.has_errors()) else {
        let told = loaded.diagnostics.sorted();
        print!("{}", drawn(&told, &loaded.sources));
        return fail(&render::summary(&told));
    };
    let theatre = Theatre {
        filter: options.filter.as_deref(),
        origin: Some(Origin { files: &files, config, environment: &environment, hooks: &deployable.hooks }),
        ..Theatre::new(plan, deployable.hooks.clone(), settings.limits.clone(), &loaded.sources)
    };
    let (mut passed, mut failed) = (0, 0);
    for (source, file) in &tests {
        println!("{}", loaded.sources.path(*source));
        for played in theatre.play(*source, file).await {
            print!("{}", played.told(&loaded.sources, Look::Plain));
            if played.outcome.is_ok() { passed += 1 } else { failed += 1 }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
