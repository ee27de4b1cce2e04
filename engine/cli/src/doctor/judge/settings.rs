//! Settings, alone and together, and the machine they are for.

use std::time::Duration;

use super::super::facts::SettingsFacts;
use super::super::finding::{Finding, Findings};
use super::{counted, short};

/// Files that a server opens beside its connections: listeners, databases, definitions, Redis.
const FILES_BESIDE: u64 = 128;

/// A lease holds for so many calls at least, since a server beats three times in it.
const CALLS_PER_LEASE: u32 = 3;

pub(super) fn findings(settings: &SettingsFacts, files_max: Option<u64>) -> Vec<Finding> {
    let mut told = Findings::about("settings");
    definitions(settings, &mut told);
    secrets(settings, &mut told);
    times(settings, &mut told);
    if settings.is_shared && settings.polling {
        told.warning(
            "polling-several-servers",
            "clients may poll, and each of their requests may reach another server",
            "keep each client on one server in the load balancer, or leave `polling` out of `socket: transports:`",
        );
    }
    let mut all = told.told();
    all.extend(files(settings.connections_max, files_max));
    all
}

fn definitions(settings: &SettingsFacts, told: &mut Findings) {
    if settings.mistakes > 0 {
        let message = format!(
            "{} in settings and definitions: {}",
            counted(settings.mistakes, "mistake"),
            settings.first_mistake
        );
        told.error("mistakes", message, "`homeroom check` shows each at its place; nothing is served before");
    } else if let Some(digest) = &settings.digest {
        told.ok("mistakes", format!("definitions and settings are sound; digest {}", short(digest)));
    }
}

fn secrets(settings: &SettingsFacts, told: &mut Findings) {
    const HELP: &str = "set `JWT_SECRET` to 32 bytes or more, such as from `openssl rand -hex 32`";
    match (settings.has_secret, settings.is_loopback) {
        (true, _) => told.ok("secret", "tokens are verified with a secret of yours"),
        (false, true) => told.warning("secret", "the development secret is used, which everybody knows", HELP),
        (false, false) => told.error("secret", "no secret is set, and others than this machine would be served", HELP),
    }
}

/// Time limits that contradict each other: the outer must be the longer.
fn times(settings: &SettingsFacts, told: &mut Findings) {
    let database = settings.acquire_timeout + settings.statement_timeout;
    let mut is_sound = true;
    let mut warn = |message: String, help: &str| {
        told.warning("time-limits", message, help);
        is_sound = false;
    };
    if database >= settings.event_timeout {
        warn(
            format!(
                "an event is given up after {:?}, before the database is, which may take {database:?}",
                settings.event_timeout
            ),
            "shorten `database: statement_timeout:` or `acquire_timeout:`, or lengthen `limits: event_timeout:`",
        );
    }
    if settings.is_shared && settings.call_timeout >= settings.event_timeout {
        warn(
            format!("an event is given up after {:?}, as soon as one call of Redis", settings.event_timeout),
            "shorten `redis: call_timeout:`",
        );
    }
    let least = settings.call_timeout * CALLS_PER_LEASE;
    if settings.is_shared && settings.lease <= least.max(Duration::from_secs(1)) {
        warn(
            format!(
                "a server whose calls take {:?} cannot keep a lease of {:?}",
                settings.call_timeout, settings.lease
            ),
            "lengthen `redis: lease:` to ten times `call_timeout:` or more",
        );
    }
    if is_sound {
        told.ok("time-limits", "no time limit contradicts another");
    }
}

fn files(connections_max: usize, files_max: Option<u64>) -> Vec<Finding> {
    let mut told = Findings::about("machine");
    let needed = u64::try_from(connections_max).unwrap_or(u64::MAX).saturating_add(FILES_BESIDE);
    match files_max {
        Some(files_max) if files_max < needed => told.warning(
            "open-files",
            format!(
                "{connections_max} connections are admitted, and a process here may open {files_max} files: beyond, \
                 clients are not let in"
            ),
            format!("`ulimit -n {needed}` or `LimitNOFILE={needed}`, or lower `socket: connections_max:`"),
        ),
        Some(u64::MAX) => told.ok("open-files", "a process here may open any number of files"),
        Some(files_max) => {
            told.ok(
                "open-files",
                format!("a process here may open {files_max} files, for {connections_max} connections"),
            );
        }
        None => {}
    }
    told.told()
}
