//! One round: everything is loaded, played and told.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use homeroom_definition::{SourceId, Sources, render};
use homeroom_plan::Plan;
use homeroom_runtime::{Hooks, RuntimeSettings};
use serde_json::{Value, json};

use super::coverage::Coverage;
use super::mutate::{self, Mutation};
use super::witness::{Seen, Witness};
use super::{Format, Options, junit};
use crate::check::drawn;
use crate::load::{Files, Purpose, load_for};
use crate::scenario::{self, Failure, Origin, Played, TestFile, Theatre};
use crate::settings::Environment;
use crate::{Deployable, files, terminal};

/// Everything that scenarios are played with.
pub(super) struct Repertoire {
    pub(super) files: Files,
    pub(super) config: Option<PathBuf>,
    pub(super) environment: Environment,
    pub(super) hooks: Hooks,
    pub(super) settings: RuntimeSettings,
    pub(super) plan: Arc<Plan>,
    pub(super) sources: Sources,
    pub(super) tests: Vec<(SourceId, TestFile)>,
}

/// A file of scenarios that was played.
pub(super) struct Sheet {
    pub(super) path: String,
    pub(super) namespace: String,
    pub(super) played: Vec<Played>,
    /// What each of them made happen, in the same order.
    pub(super) seen: Vec<Seen>,
}

/// Loads, plays and tells.
///
/// # Errors
/// If there is nothing to play with; mistakes of definitions are told before.
pub(super) async fn run(deployable: &Deployable, options: &Options) -> Result<ExitCode, String> {
    let repertoire = load(deployable, options).await?;
    let is_text = options.format == Format::Text;
    let mut sheets = Vec::new();
    for (source, file) in &repertoire.tests {
        if is_text {
            println!("{}", repertoire.sources.path(*source));
        }
        sheets.push(repertoire.play(*source, file, options).await);
    }
    let failed = sheets.iter().flat_map(|sheet| &sheet.played).filter(|played| played.outcome.is_err()).count();
    let passed = sheets.iter().map(|sheet| sheet.played.len()).sum::<usize>() - failed;
    if let Some(path) = &options.junit {
        let written = std::fs::write(path, junit::document(&sheets, &repertoire.sources));
        written.map_err(|error| format!("`{}` cannot be written: {error}", path.display()))?;
    }
    if is_text {
        println!("{passed} passed, {failed} failed");
    }
    let coverage = options.wants_coverage().then(|| coverage(&repertoire, &sheets));
    if let Some(coverage) = coverage.as_ref().filter(|_| is_text) {
        terminal::print(&coverage.told());
    }
    let mutation = mutation(&repertoire, &sheets, options, failed).await?;
    if !is_text {
        let told = document(&repertoire.sources, &sheets, (passed, failed), coverage.as_ref(), mutation.as_ref());
        println!("{told:#}");
    }
    Ok(verdict(options, failed, coverage.as_ref(), mutation.as_ref()))
}

pub(super) async fn load(deployable: &Deployable, options: &Options) -> Result<Repertoire, String> {
    let files = files(deployable, options.dir.as_ref(), options.config.as_ref())?;
    let (config, environment) = (options.config.clone(), Environment::of_process());
    let mut loaded = load_for(Purpose::Test, &files, config.as_deref(), &environment, &deployable.hooks).await;
    let plan = loaded.plan.clone();
    let sources = std::mem::take(&mut loaded.tests);
    let read =
        |source| Some((source, scenario::read(&loaded.sources, source, plan.as_deref()?, &mut loaded.diagnostics)?));
    let tests: Vec<_> = sources.into_iter().filter_map(read).collect();
    let (Some(plan), Some(settings), false) = (plan, loaded.settings, loaded.diagnostics.has_errors()) else {
        let told = loaded.diagnostics.sorted();
        terminal::print(&drawn(&told, &loaded.sources));
        return Err(render::summary(&told));
    };
    let (hooks, settings) = (deployable.hooks.clone(), settings.limits);
    Ok(Repertoire { files, config, environment, hooks, settings, plan, sources: loaded.sources, tests })
}

impl Repertoire {
    /// What definitions are compiled from.
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin {
            files: &self.files,
            config: self.config.as_deref(),
            environment: &self.environment,
            hooks: &self.hooks,
        }
    }

    /// Plays a file, and tells each scenario as it ends.
    pub(super) async fn play(&self, source: SourceId, file: &TestFile, options: &Options) -> Sheet {
        let namespace = file.namespace.value.clone();
        let mut sheet = Sheet {
            path: self.sources.path(source).to_owned(),
            namespace: namespace.clone(),
            played: Vec::new(),
            seen: Vec::new(),
        };
        let is_wanted = |name: &str| options.filter.as_deref().is_none_or(|wanted| name.contains(wanted));
        for scenario in file.scenarios.iter().filter(|scenario| is_wanted(&scenario.name.value)) {
            let witness = Arc::new(Witness::of(&namespace));
            let plan = Arc::clone(&self.plan);
            let theatre = Theatre {
                origin: Some(self.origin()),
                audience: Some(witness.clone()),
                ..Theatre::new(plan, self.hooks.clone(), self.settings.clone(), &self.sources)
            };
            let played = theatre.play_one(source, file, scenario).await;
            if options.format == Format::Text {
                terminal::print(&played.told(&self.sources, options.look()));
            }
            sheet.played.push(played);
            sheet.seen.push(witness.seen());
        }
        sheet
    }
}

fn coverage(repertoire: &Repertoire, sheets: &[Sheet]) -> Coverage {
    let mut all = Seen::default();
    sheets.iter().flat_map(|sheet| &sheet.seen).for_each(|seen| all.add(seen));
    Coverage::of(&repertoire.plan, &repertoire.sources, &all)
}

async fn mutation(
    repertoire: &Repertoire,
    sheets: &[Sheet],
    options: &Options,
    failed: usize,
) -> Result<Option<Mutation>, String> {
    let Some(kinds) = &options.mutate else { return Ok(None) };
    if failed > 0 {
        return Err("definitions are changed once all scenarios pass".into());
    }
    let wanted = mutate::Wanted { kinds, only: options.only.as_deref(), part: options.part };
    let mutation = mutate::run(repertoire, sheets, &wanted).await?;
    if options.format == Format::Text {
        terminal::print(&mutation.told());
    }
    Ok(Some(mutation))
}

fn verdict(options: &Options, failed: usize, coverage: Option<&Coverage>, mutation: Option<&Mutation>) -> ExitCode {
    let too_little = match (options.min_coverage, coverage) {
        (Some(wanted), Some(coverage)) if coverage.percent() < wanted => {
            eprintln!("error: {:.1} % happens, and {wanted} % is asked for", coverage.percent());
            true
        }
        _ => false,
    };
    let is_bad = failed > 0 || too_little || mutation.is_some_and(Mutation::is_bad);
    if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Everything, for programs. Keys are added, never renamed.
fn document(
    sources: &Sources,
    sheets: &[Sheet],
    (passed, failed): (usize, usize),
    coverage: Option<&Coverage>,
    mutation: Option<&Mutation>,
) -> Value {
    let scenario = |played: &Played| {
        json!({
            "name": played.name,
            "line": sources.position(played.span.source, played.span.start).line,
            "passed": played.outcome.is_ok(),
            "ms": played.took.as_secs_f64() * 1000.0,
            "failure": played.outcome.as_ref().err().map(|failure| self::failure(failure, sources)),
        })
    };
    let file = |sheet: &Sheet| {
        let scenarios: Vec<Value> = sheet.played.iter().map(scenario).collect();
        json!({ "path": sheet.path, "namespace": sheet.namespace, "scenarios": scenarios })
    };
    json!({
        "passed": passed,
        "failed": failed,
        "files": sheets.iter().map(file).collect::<Vec<_>>(),
        "coverage": coverage.map(Coverage::json),
        "mutation": mutation.map(Mutation::json),
    })
}

fn failure(failure: &Failure, sources: &Sources) -> Value {
    let place = |span: homeroom_definition::Span| {
        let (start, end) = (sources.position(span.source, span.start), sources.position(span.source, span.end));
        json!({
            "start": { "line": start.line, "column": start.column },
            "end": { "line": end.line, "column": end.column },
        })
    };
    let compared = failure.compared.as_ref();
    let differences = compared.iter().flat_map(|compared| &compared.differences).map(|difference| {
        json!({
            "at": difference.path,
            "range": place(difference.span),
            "expected": difference.expected,
            "actual": difference.actual,
        })
    });
    let received = failure.received.iter().flatten().map(|it| json!({ "event": it.event, "args": it.args }));
    json!({
        "path": sources.path(failure.span.source),
        "range": place(failure.span),
        "message": failure.message,
        "expected": compared.map(|compared| &compared.expected),
        "actual": compared.map(|compared| &compared.actual),
        "differences": differences.collect::<Vec<_>>(),
        "received": received.collect::<Vec<_>>(),
        "notes": failure.notes,
    })
}
