//! `homeroom plan` in words.

use homeroom_cli::diff::compared;
use homeroom_definition::render::Look;
use homeroom_plan::diff::report;

#[test]
fn plans_say_what_changes() {
    super::play("plan", 20, |old, new| report::text(&compared(old, new), Look::Plain));
}
