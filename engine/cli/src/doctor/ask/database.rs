//! Asks the database how quick it is.

use std::time::Instant;

use homeroom_store::redis::RoundTrips;

use super::super::facts::DatabaseFacts;
use super::masked;
use crate::codes;
use crate::load::Loaded;
use crate::settings::Settings;

/// How often a round trip is measured.
const ROUND_TRIPS: usize = 20;

/// The database of the settings; `None` if they name none.
pub(super) async fn facts(loaded: &Loaded, settings: &Settings) -> Option<DatabaseFacts> {
    let Some(url) = &settings.database else {
        let is_demo = settings.demo.is_some();
        return is_demo.then(|| DatabaseFacts { is_demo, ..DatabaseFacts::default() });
    };
    let mut facts = DatabaseFacts { at: masked(&url.value), ..DatabaseFacts::default() };
    match &loaded.db {
        // Where there is a note, statements were looked at by another than the one that the settings name.
        Some(db) if loaded.note.is_none() => {
            let mut measured = Vec::with_capacity(ROUND_TRIPS);
            for _ in 0..ROUND_TRIPS {
                let since = Instant::now();
                if let Err(error) = db.ping().await {
                    facts.unreachable = Some(error.to_string());
                    return Some(facts);
                }
                measured.push(since.elapsed());
            }
            facts.round_trips = RoundTrips::of(measured);
        }
        _ => facts.unreachable = Some(why(loaded)),
    }
    Some(facts)
}

fn why(loaded: &Loaded) -> String {
    let note = loaded.note.as_deref().and_then(|note| note.split_once(", since "));
    let told = || loaded.diagnostics.iter().find(|told| told.code == codes::NO_DATABASE);
    let cause = note.map(|(_, cause)| cause.to_owned()).or_else(|| Some(told()?.message.clone()));
    let cause = cause.unwrap_or_else(|| "it was not reached".into());
    cause.rsplit_once("could not be asked: ").map_or(cause.clone(), |(_, cause)| cause.to_owned())
}
