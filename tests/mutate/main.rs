//! Widens the bundled namespaces, one rule at a time, and tells which widenings neither a warning nor a scenario notices.
//!
//! It fails if the widening of a rule is not noticed. That of what is shown beside the rules may change nothing, as where two
//! steps name the same value and the last one counts; such a survivor is printed, to be looked at.
//!
//! ```text
//! cargo run -p homeroom-tests --bin mutate [only those whose description has this in it]
//! ```

mod judge;
mod mutants;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use homeroom_tests::bundled;

use judge::{Judge, Verdict};
use mutants::Mutant;

/// How long the scenarios of one widening may take.
const JUDGE_TIME_MAX: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let texts = bundled::with_tenants().expect("the bundled files can be read");
    let judge = Judge::new(&texts);
    for untouched in judge.untouched() {
        if let Verdict::Noticed(by) = judge.judge(&untouched).await {
            eprintln!("error: {untouched}, and yet noticed: {by}");
            return ExitCode::FAILURE;
        }
    }
    let mutants: Vec<Mutant> =
        mutants::all(judge.definitions()).filter(|mutant| mutant.to_string().contains(&wanted)).collect();
    let verdicts = judged(Arc::new(judge), &mutants).await;
    report(&mutants, &verdicts)
}

/// Judges each, as many at a time as there are processors.
async fn judged(judge: Arc<Judge>, mutants: &[Mutant]) -> Vec<Verdict> {
    let (next, mutants) = (Arc::new(AtomicUsize::new(0)), Arc::new(mutants.to_vec()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let working = (0..workers).map(|_| {
        let (judge, next, mutants) = (Arc::clone(&judge), Arc::clone(&next), Arc::clone(&mutants));
        tokio::spawn(async move {
            let mut verdicts = Vec::new();
            while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < mutants.len()) {
                let judged = tokio::time::timeout(JUDGE_TIME_MAX, judge.judge(&mutants[at])).await;
                verdicts.push((at, judged.unwrap_or_else(|_| Verdict::Noticed("it comes to no end".into()))));
            }
            verdicts
        })
    });
    let mut verdicts = Vec::new();
    for worker in working.collect::<Vec<_>>() {
        verdicts.extend(worker.await.expect("every mutant can be judged"));
    }
    verdicts.sort_by_key(|(at, _)| *at);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

fn report(mutants: &[Mutant], verdicts: &[Verdict]) -> ExitCode {
    for (mutant, verdict) in mutants.iter().zip(verdicts) {
        match verdict {
            Verdict::Noticed(by) => println!("noticed   {mutant}\n            by {by}"),
            Verdict::Survived => println!("SURVIVES  {mutant}"),
        }
    }
    tally("widenings", mutants, verdicts, |_| true);
    let unnoticed = tally("of a rule", mutants, verdicts, Mutant::widens_rule);
    tally("with one `in:` dropped", mutants, verdicts, Mutant::drops_in);
    if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says how many of some kind were noticed; how many were not.
fn tally(what: &str, mutants: &[Mutant], verdicts: &[Verdict], counts: impl Fn(&Mutant) -> bool) -> usize {
    let counted: Vec<&Verdict> =
        mutants.iter().zip(verdicts).filter(|(mutant, _)| counts(mutant)).map(|(_, verdict)| verdict).collect();
    let noticed = counted.iter().filter(|verdict| matches!(verdict, Verdict::Noticed(_))).count();
    println!("{noticed} of {} {what} noticed", counted.len());
    counted.len() - noticed
}
