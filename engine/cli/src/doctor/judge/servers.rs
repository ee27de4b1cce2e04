//! The servers: which there are, whether they are one, and what each has lost.

use std::collections::BTreeMap;

use super::super::facts::{CardFacts, Facts};
use super::super::finding::{Finding, Findings};
use super::{counted, short};

/// Of a server's connections, in a hundred, that are worth a word.
const FULL_WARNING: usize = 80;
/// How far a server's clock may be from that of Redis, in milliseconds.
const SKEW_WARNING_MS: u64 = 1000;
/// Beside the connections.
const FILES_BESIDE: u64 = 128;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut told = Findings::about("servers");
    let cards = &facts.servers.cards;
    for one in cards {
        alive(one, &mut told);
        lost(one, &mut told);
        room(one, &mut told);
    }
    for asked in &facts.servers.asked {
        match &asked.digest {
            Ok(digest) => told.ok("server", format!("{} serves {}", asked.url, short(digest))),
            Err(cause) => told.error(
                "server-unreachable",
                format!("{} does not tell how it is: {cause}", asked.url),
                "does it run, and is it reached from here?",
            ),
        }
    }
    if cards.is_empty() && facts.servers.asked.is_empty() {
        told.ok("server", "no server is running");
    }
    definitions(facts, &mut told);
    versions(cards, &mut told);
    told.told()
}

/// Text of whoever can write to Redis.
fn place(one: &CardFacts) -> String {
    let place: String =
        one.card.place.chars().filter(|sign| sign.is_ascii_graphic() || *sign == ' ').take(80).collect();
    if place.is_empty() { "a server".into() } else { place }
}

fn alive(one: &CardFacts, told: &mut Findings) {
    let place = place(one);
    if !one.is_ours {
        told.error(
            "secret-differs",
            format!("{place} has another secret than the settings here: servers leave unread what it sends"),
            "give all the same `JWT_SECRET`, or the same `redis: secret:`",
        );
        return;
    }
    let runs = since(one.runs_ms);
    let connections = counted(one.card.connections, "connection");
    told.ok("server", format!("{place} runs since {runs}, serves {}, has {connections}", short(&one.card.digest)));
    let skew_ms = one.clock_ahead_ms.unsigned_abs();
    if skew_ms > SKEW_WARNING_MS {
        let way = if one.clock_ahead_ms < 0 { "behind" } else { "ahead of" };
        told.warning(
            "clock-server",
            format!("the clock of {place} is {skew_ms} ms {way} that of Redis"),
            "let NTP set it; tokens end by it",
        );
    }
}

fn since(ms: i64) -> String {
    match ms / 1000 {
        seconds @ ..120 => format!("{} s", seconds.max(0)),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn lost(one: &CardFacts, told: &mut Findings) {
    let (place, card) = (place(one), &one.card);
    if card.lost > 0 {
        told.warning(
            "bus-lost",
            format!("{place} lost {} between servers since it started", counted(count(card.lost), "frame")),
            "Redis was away, or could not keep up: `homeroom_bus_frames_total` in `/metrics` tells when",
        );
    }
    if card.refused > 0 {
        told.warning(
            "bus-refused",
            format!("{place} left {} unread that another key had sealed", counted(count(card.refused), "frame")),
            "give all servers the same `JWT_SECRET`, or services that share this Redis a `redis: prefix:` each",
        );
    }
}

fn count(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn room(one: &CardFacts, told: &mut Findings) {
    let (place, card) = (place(one), &one.card);
    let max = card.connections_max;
    if card.connections.saturating_mul(100) >= max.saturating_mul(FULL_WARNING) && max > 0 {
        told.warning(
            "server-full",
            format!("{place} has {} of {max} connections", card.connections),
            "start another server, or raise `socket: connections_max:`",
        );
    }
    let needed = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(FILES_BESIDE);
    if card.files_max > 0 && card.files_max < needed {
        told.warning(
            "open-files",
            format!("{place} admits {max} connections, and may open {} files", card.files_max),
            format!("start it with `ulimit -n {needed}` or `LimitNOFILE={needed}`"),
        );
    }
}

/// That all serve the same; and whether that is what stands here.
fn definitions(facts: &Facts, told: &mut Findings) {
    let mut served: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in &facts.servers.cards {
        served.entry(short(&one.card.digest)).or_default().push(place(one));
    }
    for asked in &facts.servers.asked {
        if let Ok(digest) = &asked.digest {
            served.entry(short(digest)).or_default().push(asked.url.clone());
        }
    }
    if served.len() > 1 {
        let each: Vec<String> = served.iter().map(|(digest, who)| format!("{digest} by {}", who.join(", "))).collect();
        told.error(
            "definitions-differ",
            format!("servers serve different definitions: {}", each.join("; ")),
            "deploy one version to all; one that was refused says why: `curl SERVER/healthz`, `definitions`",
        );
        return;
    }
    let here = facts.settings.digest.as_deref().map(short);
    match (served.keys().next(), here) {
        (Some(served), Some(here)) if *served != here => {
            told.ok("definitions", format!("all serve {served}; what stands here, {here}, is served by none yet"));
        }
        (Some(served), _) => told.ok("definitions", format!("all serve {served}")),
        (None, _) => {}
    }
}

fn versions(cards: &[CardFacts], told: &mut Findings) {
    let mut versions: Vec<&str> = cards.iter().map(|one| one.card.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > 1 {
        let versions: Vec<String> = versions.into_iter().map(|version| version.chars().take(20).collect()).collect();
        told.warning(
            "versions-differ",
            format!("servers run different versions: {}", versions.join(", ")),
            "that is for the time of an upgrade only",
        );
    }
}
