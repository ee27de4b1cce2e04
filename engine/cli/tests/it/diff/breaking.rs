//! `homeroom breaking` as it is drawn.

use homeroom_cli::diff::found;
use homeroom_definition::render::{self, Look};
use homeroom_plan::diff::breaking::Group;

const ALL: [Group; 3] = [Group::Wire, Group::Types, Group::Security];

#[test]
fn findings_say_what_breaks() {
    super::play("breaking", 20, |old, new| {
        let found = found(old, new, "HEAD:", &ALL, &[]).expect("it can be compared");
        let drawn = render::text(&found.diagnostics.sorted(), &found.sources, Look::Plain);
        let gap = if drawn.is_empty() { "" } else { "\n" };
        format!("{drawn}{gap}{}\n", found.summary())
    });
}
