//! Widens the bundled namespaces, one rule at a time, and tells which widenings neither a warning nor a scenario notices.
//!
//! ```text
//! cargo run -p homeroom-tests --bin mutate [only those whose description has this in it]
//! ```

mod judge;
mod mutants;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use homeroom_tests::bundled;

use judge::{Judge, Verdict};
use mutants::Mutant;

#[tokio::main]
async fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let texts = bundled::texts().expect("the bundled files can be read");
    let judge = Judge::new(&texts);
    if let Verdict::Noticed(by) = judge.judge(&judge.untouched()).await {
        eprintln!("error: nothing was widened, and yet it is noticed: {by}");
        return ExitCode::FAILURE;
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
                verdicts.push((at, judge.judge(&mutants[at]).await));
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
    let mut survivors = 0;
    for (mutant, verdict) in mutants.iter().zip(verdicts) {
        match verdict {
            Verdict::Noticed(by) => println!("noticed   {mutant}\n            by {by}"),
            Verdict::Survived => {
                survivors += 1;
                println!("SURVIVES  {mutant}");
            }
        }
    }
    println!("{} of {} widenings noticed", mutants.len() - survivors, mutants.len());
    let dropped = mutants.iter().zip(verdicts).filter(|(mutant, _)| mutant.drops_in());
    let (noticed, all) = dropped.fold((0, 0), |(noticed, all), (_, verdict)| {
        (noticed + usize::from(matches!(verdict, Verdict::Noticed(_))), all + 1)
    });
    println!("of these {noticed} of {all} with one `in:` dropped");
    if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
