//! `homeroom test`: scenarios beside the definitions, played on the real engine with a clock that is turned by hand.
//!
//! Each scenario begins anew: state and presence in memory, a database filled from its fixtures, nobody connected.

mod aside;
mod compare;
mod file;
mod play;
mod reload;
mod report;
pub mod stage;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use homeroom_definition::{Diagnostic, Diagnostics, SourceId, Sources, parse_as};
use homeroom_plan::Plan;
use homeroom_runtime::explain::Recorder;
use homeroom_runtime::{Bound, Hooks, RuntimeSettings};
use homeroom_store::Clock;

pub use compare::Difference;
pub use file::{Edit, Scenario, TestFile, TestStep};
use play::Script;
pub use reload::Origin;
pub use report::{Compared, Failure, Played};

use crate::codes;

/// What scenarios are played with.
pub struct Theatre<'a> {
    /// The compiled definitions.
    pub plan: Arc<Plan>,
    /// The hooks.
    pub hooks: Hooks,
    /// Bounds, as in service.
    pub settings: RuntimeSettings,
    /// The texts of all files, fixtures included.
    pub sources: &'a Sources,
    /// Only scenarios whose name has this in it.
    pub filter: Option<&'a str>,
    /// What the definitions were compiled from; without it, no step can change them.
    pub origin: Option<Origin<'a>>,
    /// Who is told of what the engine finds, and of what went well.
    pub audience: Option<Arc<dyn Audience>>,
}

/// Whoever wants to know what was played.
pub trait Audience: Recorder {
    /// An event of a client or a service, or `connect`, went well in a namespace.
    fn done(&self, namespace: &str, event: &str);
}

/// Reads a file of scenarios. `None` if it cannot be read; what is wrong with it is told either way.
pub fn read(sources: &Sources, id: SourceId, plan: &Plan, diagnostics: &mut Diagnostics) -> Option<TestFile> {
    let file: TestFile = parse_as(sources, id, diagnostics)?;
    if !plan.namespaces.contains_key(file.namespace.value.as_str()) {
        let known = plan.namespaces.keys().map(|path| &**path);
        diagnostics.push(
            Diagnostic::error(
                codes::TEST_NAMESPACE,
                file.namespace.span,
                format!("there is no namespace `{}`", file.namespace.value),
            )
            .help_if(homeroom_definition::did_you_mean(&file.namespace.value, known)),
        );
        return None;
    }
    file.tell_mistakes(diagnostics);
    Some(file)
}

impl<'a> Theatre<'a> {
    /// A theatre where everything is played, and nobody watches.
    #[must_use]
    pub fn new(plan: Arc<Plan>, hooks: Hooks, settings: RuntimeSettings, sources: &'a Sources) -> Self {
        Self { plan, hooks, settings, sources, filter: None, origin: None, audience: None }
    }
}

impl Theatre<'_> {
    fn bound(&self, plan: &Arc<Plan>, clock: &Arc<dyn Clock>, service: &Arc<stage::Service>) -> Bound {
        let hooks = self.hooks.clone().with_webhooks(service.clone());
        let bound = Bound::new(Arc::clone(plan), hooks, &self.settings, Arc::clone(clock));
        match &self.audience {
            Some(audience) => bound.recorded_by(audience.clone()),
            None => bound,
        }
    }

    fn told_done(&self, namespace: &str, event: &str) {
        if let Some(audience) = &self.audience {
            audience.done(namespace, event);
        }
    }

    /// Plays the scenarios of a file, one after the other.
    pub async fn play(&self, source: SourceId, file: &TestFile) -> Vec<Played> {
        let mut played = Vec::new();
        for scenario in &file.scenarios {
            if self.filter.is_none_or(|wanted| scenario.name.value.contains(wanted)) {
                played.push(self.play_one(source, file, scenario).await);
            }
        }
        played
    }

    /// Plays one of them.
    pub async fn play_one(&self, source: SourceId, file: &TestFile, scenario: &Scenario) -> Played {
        let began = Instant::now();
        let outcome = match self.fixtures(source, file) {
            Ok(script) => play::scenario(self, Script { source, file, scenario, fixtures: script.as_deref() }).await,
            Err(failure) => Err(failure),
        };
        Played { name: scenario.name.value.clone(), span: scenario.span, outcome, took: began.elapsed() }
    }

    /// The script that fills the database, from the file that `fixtures:` names beside the scenarios.
    fn fixtures(&self, source: SourceId, file: &TestFile) -> Result<Option<Arc<str>>, Failure> {
        let Some(fixtures) = &file.fixtures else { return Ok(None) };
        let path = beside(self.sources.path(source), &fixtures.value);
        match self.sources.find(&path) {
            Some(id) => Ok(Some(self.sources.shared_text(id))),
            None => Err(Failure::at(fixtures.span, format!("there is no file `{path}`"))),
        }
    }
}

/// A path that is written relative to another file.
#[must_use]
pub fn beside(path: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = Path::new(path).parent().and_then(Path::to_str).unwrap_or("").split('/').collect();
    parts.retain(|part| !part.is_empty());
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    let absolute = if path.starts_with('/') { "/" } else { "" };
    format!("{absolute}{}", parts.join("/"))
}
