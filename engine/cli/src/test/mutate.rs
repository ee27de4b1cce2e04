//! `homeroom test --mutate`: the definitions are changed, one thing at a time, and whoever does not notice is told of it.
//!
//! A rule may be noticed by the compiler, which proves what clients may reach, or by a scenario; a target only by a
//! scenario. Only scenarios that reach what is changed are played.

mod judge;
mod mutant;
mod rules;
mod steps;
mod targets;
mod tree;

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use homeroom_definition::{Diagnostics, Sources, yaml};
use homeroom_plan::Plan;
use serde_json::{Value, json};

pub(super) use self::mutant::Kind;

use self::judge::{Definition, Judge, Verdict};
use self::mutant::Mutant;
use self::tree::Spot;
use super::session::{Repertoire, Sheet};

/// How long the scenarios of one change may take.
const JUDGE_TIME_MAX: Duration = Duration::from_secs(60);

/// How much of a line is shown.
const SHOWN_CHARS: usize = 80;

/// Which changes are made.
pub(super) struct Wanted<'a> {
    /// Of these kinds; empty: all.
    pub(super) kinds: &'a [Kind],
    /// With this in their description.
    pub(super) only: Option<&'a str>,
    /// This part of them.
    pub(super) part: Option<Part>,
}

/// One of several parts, which together are the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    number: usize,
    of: usize,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if number >= 1 && number <= of => Ok(Self { number, of }),
            _ => Err("a part is written `2/7`: the second of seven".into()),
        }
    }
}

/// What became of the changes.
pub(super) struct Mutation {
    judged: Vec<(Mutant, Verdict)>,
    sources: Sources,
}

/// Makes the changes, and judges each.
///
/// # Errors
/// If a file of definitions cannot be read.
pub(super) async fn run(repertoire: &Repertoire, sheets: &[Sheet], wanted: &Wanted<'_>) -> Result<Mutation, String> {
    let definitions = definitions(repertoire);
    let judge = Judge::new(repertoire, sheets, &definitions);
    untouched(&judge, &definitions).await?;
    let mutants = mutants(repertoire, &definitions, wanted);
    let verdicts = judged(&judge, &mutants).await;
    Ok(Mutation { judged: mutants.into_iter().zip(verdicts).collect(), sources: repertoire.sources.clone() })
}

/// What is noticed of definitions as they are says nothing of changes.
async fn untouched(judge: &Judge<'_>, definitions: &[Definition]) -> Result<(), String> {
    for definition in definitions {
        match judge.judge(&Mutant::untouched(definition)).await {
            Verdict::Survived => {}
            Verdict::Scenario(name) => {
                return Err(format!("`{}` is unchanged but for its form, and yet fails: {name}", definition.path));
            }
            _ => return Err(format!("`{}` cannot be compiled in another form", definition.path)),
        }
    }
    Ok(())
}

fn definitions(repertoire: &Repertoire) -> Vec<Definition> {
    let sources = &repertoire.sources;
    let read = |path: &str| {
        let source = sources.find(path)?;
        let root = yaml::read(sources, source, &mut Diagnostics::new())?;
        let namespace = root.get("namespace").and_then(|name| name.as_str()).map(str::to_owned);
        Some(Definition { source, path: path.to_owned(), root, namespace })
    };
    repertoire.files.definitions().filter_map(read).collect()
}

fn mutants(repertoire: &Repertoire, definitions: &[Definition], wanted: &Wanted<'_>) -> Vec<Mutant> {
    let all = definitions.iter().flat_map(|definition| {
        let file = Spot::root(&definition.root);
        let patterns = patterns(&repertoire.plan, definition.namespace.as_deref());
        let mut mutants = rules::mutants(&file);
        mutants.extend(targets::mutants(&file, &patterns));
        mutants.extend(steps::mutants(&file));
        mutants
    });
    let is_wanted = |mutant: &Mutant| {
        (wanted.kinds.is_empty() || wanted.kinds.contains(&mutant.kind))
            && wanted.only.is_none_or(|text| mutant.told(&repertoire.sources).contains(text))
    };
    let all = all.filter(is_wanted).enumerate();
    let in_part = |at: usize| wanted.part.is_none_or(|part| at % part.of == part.number - 1);
    all.filter(|(at, _)| in_part(*at)).map(|(_, mutant)| mutant).collect()
}

/// How the rooms of a namespace are spelt, or those of all.
fn patterns(plan: &Plan, namespace: Option<&str>) -> Vec<String> {
    let namespaces = plan.namespaces.values().filter(|it| namespace.is_none_or(|path| *it.path == *path));
    let mut patterns: Vec<String> =
        namespaces.flat_map(|namespace| namespace.rooms.iter().map(|room| room.pattern.text.clone())).collect();
    patterns.sort();
    patterns.dedup();
    patterns
}

/// Judges each, as many at a time as there are processors.
async fn judged(judge: &Judge<'_>, mutants: &[Mutant]) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let work = || async {
        let mut verdicts = Vec::new();
        while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < mutants.len()) {
            let judged = tokio::time::timeout(JUDGE_TIME_MAX, judge.judge(&mutants[at])).await;
            verdicts.push((at, judged.unwrap_or(Verdict::Endless)));
        }
        verdicts
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Handle::current();
    let mut verdicts: Vec<(usize, Verdict)> = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| runtime.block_on(work()))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    });
    verdicts.sort_by_key(|(at, _)| *at);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

impl Mutation {
    /// Whether a change that must be noticed was not.
    pub(super) fn is_bad(&self) -> bool {
        self.survivors().any(|mutant| mutant.kind.must_be_noticed())
    }

    fn survivors(&self) -> impl Iterator<Item = &Mutant> {
        self.judged.iter().filter(|(_, verdict)| *verdict == Verdict::Survived).map(|(mutant, _)| mutant)
    }

    /// For people: the changes that nobody noticed, and how many of each kind there were.
    pub(super) fn told(&self) -> String {
        let mut told = String::from("changes that nobody notices\n");
        for mutant in self.survivors() {
            let must = if mutant.kind.must_be_noticed() { "SURVIVES" } else { "survives" };
            let _ = writeln!(told, "  {must} {} {}", mutant.kind.name(), mutant.told(&self.sources));
        }
        for kind in Kind::ALL {
            let count = |is: fn(&Verdict) -> bool| {
                self.judged.iter().filter(|(mutant, verdict)| mutant.kind == kind && is(verdict)).count()
            };
            let (check, invalid) = (count(|it| matches!(it, Verdict::Check(_))), count(|it| *it == Verdict::Invalid));
            let scenario = count(|it| matches!(it, Verdict::Scenario(_) | Verdict::Endless));
            let survived = count(|it| *it == Verdict::Survived);
            let all = check + scenario + survived;
            if all + invalid > 0 {
                let _ = writeln!(
                    told,
                    "  {}: {all} changes, {scenario} noticed by scenarios, {check} by `check`, {survived} by nobody ({invalid} could not be made)",
                    kind.name()
                );
            }
        }
        told
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let mutants = self.judged.iter().map(|(mutant, verdict)| {
            let (outcome, by) = match verdict {
                Verdict::Check(told) => ("check", Some(told.clone())),
                Verdict::Scenario(name) => ("scenario", Some(name.clone())),
                Verdict::Endless => ("endless", None),
                Verdict::Invalid => ("invalid", None),
                Verdict::Survived => ("survived", None),
            };
            let line = self.sources.position(mutant.source, mutant.span.start).line;
            json!({
                "kind": mutant.kind.name(),
                "path": self.sources.path(mutant.source),
                "line": line,
                "change": mutant.change,
                "outcome": outcome,
                "by": by,
            })
        });
        json!({ "survived": self.survivors().count(), "changes": mutants.collect::<Vec<_>>() })
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_of_several() {
        assert_eq!("2/7".parse(), Ok(Part { number: 2, of: 7 }));
        for wrong in ["0/7", "8/7", "2", "a/b", ""] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
