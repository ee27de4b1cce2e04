//! The command, on a small namespace of its own.

use std::path::Path;

use homeroom_runtime::Hooks;

use super::*;
use crate::test::coverage::Coverage;
use crate::test::mutate::Mutation;
use crate::test::witness::Seen;

const DEFINITION: &str = "
namespace: /a
rooms:
  staff:<c>: { allow: [{ when: user.id == c }, { when: c == 'all' }] }
client_events:
  join: { payload: { fields: { c: Id } }, do: [{ join: staff:<c> }] }
  say:
    in: staff:<c>
    payload: { fields: { c: Id } }
    do:
      - { refuse: NO, when: c == 'no' }
      - { emit: said, except: sender, data: { c: <c> } }
types: { Id: { type: string, maxLength: 64 } }
errors: { NO: No. }
server_events:
  said: { payload: { fields: { c: Id } }, to: staff:<c> }
auth: none
connect:
  payload: { fields: { id: Id } }
  do: [{ let: { user: { id: <id> } } }]
";

const SCENARIOS: &str = "
namespace: /a
users: { ann: {}, bea: {} }
scenarios:
  - name: who is in hears
    steps:
      - { as: ann, connect: true, auth: { id: ann } }
      - { as: bea, connect: true, auth: { id: bea } }
      - { as: ann, emit: join, data: { c: ann }, ack: { success: true } }
      - { as: ann, emit: say, data: { c: ann }, ack: { success: true } }
      - { as: [ann, bea], receives: nothing }
";

fn options(dir: &Path) -> Options {
    Options {
        dir: Some(dir.to_owned()),
        config: None,
        filter: None,
        format: Format::Json,
        coverage: false,
        min_coverage: None,
        mutate: None,
        only: None,
        part: None,
        watch: false,
        junit: None,
    }
}

/// What these scenarios cover, and which changes they notice.
async fn played(scenarios: &str) -> (Coverage, Mutation) {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("namespace.yaml"), DEFINITION).expect("written");
    std::fs::write(dir.path().join("tests.yaml"), scenarios).expect("written");
    let deployable = Deployable { name: "homeroom", files: &[], hooks: Hooks::new() };
    let options = options(dir.path());
    let repertoire = session::load(&deployable, &options).await.expect("there is something to play");
    let mut sheets = Vec::new();
    for (source, file) in &repertoire.tests {
        sheets.push(repertoire.play(*source, file, &options).await);
    }
    let failed = sheets.iter().flat_map(|sheet| &sheet.played).find_map(|played| played.outcome.as_ref().err());
    assert!(failed.is_none(), "{failed:?}");
    let mut seen = Seen::default();
    sheets.iter().flat_map(|sheet| &sheet.seen).for_each(|one| seen.add(one));
    let coverage = Coverage::of(&repertoire.plan, &repertoire.sources, &seen);
    let wanted = mutate::Wanted { kinds: &[], only: None, part: None };
    let mutation = mutate::run(&repertoire, &sheets, &wanted).await.expect("it can be changed");
    (coverage, mutation)
}

/// The file's name and what follows it, line by line.
fn short(told: &str) -> Vec<String> {
    let lines = told.lines().filter_map(|line| line.split_once("namespace.yaml:").map(|(_, rest)| rest.to_owned()));
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_happens_is_told_with_its_line() {
    let (coverage, _) = played(SCENARIOS).await;
    let told = short(&coverage.told()).join("\n");
    for missing in [
        "4: this rule never refused anyone: { when: user.id == c }",
        "4: this rule never admitted anyone: { when: c == 'all' }",
        "7: this rule never refused anyone: say",
        "11: NO was never refused with",
    ] {
        assert!(told.contains(missing), "{missing} is not in\n{told}");
    }
    assert!(!told.contains("said"), "{told}");
    assert!(coverage.percent() < 100.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_notices_is_told_with_its_line() {
    let (_, mutation) = played(SCENARIOS).await;
    let told = short(&mutation.told()).join("\n");
    assert!(told.contains("12: not sent"), "{told}");
    assert!(
        told.contains("4: never holds   in `staff:<c>: { allow: [{ when: user.id == c }, { when: c == 'all' }] }`"),
        "{told}"
    );
    assert!(mutation.is_bad());
    let json = mutation.json();
    let outcomes: Vec<_> = json["changes"].as_array().expect("a list").iter().map(|it| it["outcome"].clone()).collect();
    assert!(outcomes.contains(&"scenario".into()) && outcomes.contains(&"survived".into()), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_that_look_at_everything_let_nothing_of_a_rule_or_a_target_live() {
    let more = format!(
        "{SCENARIOS}
  - name: nobody else does
    steps:
      - {{ as: ann, connect: true, auth: {{ id: ann }} }}
      - {{ as: [bea, 'bea#2', 'bea#3'], connect: true, auth: {{ id: bea }} }}
      - {{ as: ann, may_join: staff:bea, refused: UNAUTHORIZED }}
      - {{ as: ann, emit: say, data: {{ c: bea }}, refused: NOT_IN_ROOM }}
      - {{ as: [bea, 'bea#2'], emit: join, data: {{ c: bea }}, ack: {{ success: true }} }}
      - {{ as: ann, emit: join, data: {{ c: all }}, ack: {{ success: true }} }}
      - {{ as: ann, emit: say, data: {{ c: all }}, ack: {{ success: true }} }}
      - {{ as: bea, emit: say, data: {{ c: bea }}, ack: {{ success: true }} }}
      - {{ as: 'bea#2', receives: said, data: {{ c: bea }} }}
      - {{ as: [ann, bea, 'bea#2', 'bea#3'], receives: nothing }}
      - {{ as: [ann, bea], emit: join, data: {{ c: no }}, refused: UNAUTHORIZED }}
"
    );
    let (_, mutation) = played(&more).await;
    assert!(!mutation.is_bad(), "{}", mutation.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_fails_where_too_little_happens() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("namespace.yaml"), DEFINITION).expect("written");
    std::fs::write(dir.path().join("tests.yaml"), SCENARIOS).expect("written");
    let deployable = Deployable { name: "homeroom", files: &[], hooks: Hooks::new() };
    let junit = dir.path().join("junit.xml");
    let run = async |percent: f64| {
        let options = Options { min_coverage: Some(percent), junit: Some(junit.clone()), ..options(dir.path()) };
        format!("{:?}", run(&deployable, &options).await)
    };
    assert_eq!(run(10.0).await, format!("{:?}", ExitCode::SUCCESS));
    assert_eq!(run(100.0).await, format!("{:?}", ExitCode::FAILURE));
    let written = std::fs::read_to_string(&junit).expect("it is written");
    assert!(written.contains("<testsuites name=\"homeroom\" tests=\"1\" failures=\"0\""), "{written}");
    assert!(written.contains("classname=\"/a\" name=\"who is in hears\""), "{written}");
}
