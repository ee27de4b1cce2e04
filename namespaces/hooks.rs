//! What definitions `call:` and Rust says better.

use homeroom_runtime::{Hooks, hook};

#[path = "attendance/hooks.rs"]
mod attendance;
#[path = "live-class/hooks.rs"]
mod live_class;

/// All hooks.
pub(crate) fn hooks() -> Hooks {
    Hooks::new().with(hook("attendance_findings", attendance::findings)).with(hook("tally_poll", live_class::tally))
}
