//! The database: whether it is reached, how quick it is, and how many connections all servers together hold.

use std::time::Duration;

use super::super::facts::{DatabaseFacts, Facts};
use super::super::finding::{Finding, Findings};
use super::{counted, time};

/// A median round trip from which on every look-up feels it.
const ROUND_TRIP_SLOW: Duration = Duration::from_millis(10);

pub(super) fn findings(database: &DatabaseFacts, facts: &Facts) -> Vec<Finding> {
    let mut told = Findings::about("database");
    let (at, trips, settings) = (&database.at, database.round_trips, &facts.settings);
    if let Some(cause) = &database.unreachable {
        told.error(
            "database-unreachable",
            format!("{at} cannot be asked: {cause}"),
            "is the address in `DATABASE_URL` right, and does it run there?",
        );
        return told.told();
    }
    if database.is_demo {
        const HELP: &str = "set `DATABASE_URL`";
        let message = "the demo data is used, in memory, each server its own";
        match settings.is_loopback && !settings.is_shared {
            true => told.ok("database-demo", message),
            false => told.warning("database-demo", message, HELP),
        }
        return told.told();
    }
    let message =
        format!("{at} answers in {} (median), {} (worst of {})", time(trips.median), time(trips.worst), trips.count);
    if trips.worst > settings.statement_timeout / 2 {
        let message = format!("{message}; a statement is given up after {:?}", settings.statement_timeout);
        told.error("database-round-trip", message, "look for what holds it up: locks, long statements, swap");
    } else if trips.median > ROUND_TRIP_SLOW {
        told.warning("database-round-trip", message, "place servers nearer, and give queries a `cache:`");
    } else {
        told.ok("database-round-trip", message);
    }
    let servers = facts.servers.cards.len();
    if servers > 1 {
        let all = u64::from(settings.pool) * u64::try_from(servers).unwrap_or(u64::MAX);
        told.ok(
            "database-pool",
            format!("{} hold up to {all} connections to it, {} each", counted(servers, "server"), settings.pool),
        );
    } else {
        told.ok("database-pool", format!("a server holds up to {} connections to it", settings.pool));
    }
    told.told()
}
