//! `homeroom schema`

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use homeroom_definition::reference::{part, reference_of};
use homeroom_definition::schema::{definition_schema, schema_of_file};
use serde_json::Value;

use crate::scenario::{Edit, Scenario, TestFile, TestStep};
use crate::settings::SettingsFile;

/// Which schema.
#[derive(Args)]
pub(crate) struct Options {
    /// The kind of file.
    #[arg(value_enum, default_value = "namespace")]
    kind: Kind,
}

/// The kinds of files that are written by hand.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Definitions, `namespace.yaml` and what it imports.
    Namespace,
    /// Settings, `homeroom.yaml`.
    Settings,
    /// Scenarios, `tests.yaml`.
    Tests,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    println!("{:#}", schema(options.kind));
    ExitCode::SUCCESS
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Namespace => definition_schema(),
        Kind::Settings => settings_schema(),
        Kind::Tests => tests_schema(),
    }
}

/// JSON Schema of a settings file.
#[must_use]
pub fn settings_schema() -> Value {
    schema_of_file::<SettingsFile>("Homeroom settings")
}

/// What may be written in a file of scenarios, as Markdown.
#[must_use]
pub fn tests_reference() -> String {
    let parts = [
        part::<TestFile>("The file"),
        part::<Scenario>("A scenario"),
        part::<TestStep>("A step"),
        part::<Edit>("A change, in `reload:`"),
    ];
    reference_of(TESTS_INTRODUCTION, &parts)
}

const TESTS_INTRODUCTION: &str = "# Scenarios

Scenarios lie beside a namespace, in `tests.yaml` or a file that ends in `.tests.yaml`, and are played by `homeroom test` on
the real engine, with a clock that is turned by hand. Each begins anew: the database is filled from `fixtures:`, nothing is
remembered, nobody is connected, and it is 15 January 2025, 9 o'clock (UTC).

```yaml
namespace: /gradebook
fixtures: ../district.sql
users:
  smith: { id: t-1, role: TEACHER, name: Ms Smith }
  jones: { id: t-2, role: TEACHER, name: Mr Jones }
scenarios:
  - name: a server that dies takes its users with it
    servers: [a, b]
    steps:
      - { as: [smith@a, jones@b], emit: gradebook:join, data: { classId: math-101 }, ack: { success: true } }
      - { as: smith@a, receives: user:joined }
      - kill: b
      - advance: 11s
      - { as: smith@a, receives: user:left, data: { userId: t-2 } }
      - { as: smith@a, may_join: class:math-101:staff }
      - reload: { namespace.yaml: { from: 'ttl: 5s', to: 'ttl: 50s' } }
      - { as: smith@a, receives: nothing }
```

What is expected is compared in part: objects may have more than is said, lists may not. `receives:` uses an event up.

| `homeroom test` | |
|---|---|
| `--filter TEXT` | only scenarios whose name has the text in it |
| `--format json` | for programs: what was expected, what came, and where they differ |
| `--junit FILE` | writes JUnit XML, too |
| `--watch` | plays again whenever a file changes |
| `--coverage` | tells, with `file:line`, which events, rules, checks, steps, refusals, reactions and views no scenario has made happen |
| `--min-coverage PERCENT` | fails below it |
| `--mutate` | changes the definitions, one thing at a time, and tells with `file:line` which changes nobody notices; fails if one of a rule or a target is among them |
| `--mutate=rule,target` | only changes of these kinds: `rule`, `target`, `view`, `step` |
| `--only TEXT`, `--part N/M` | only changes whose description has the text in it; only the Nth of M parts |

A change of a rule may be noticed by the compiler, warnings included, since it proves what a client can reach; a change of
a target only by a scenario. Scenarios that `reload:` are left out while definitions are changed.
";

/// JSON Schema of a file of scenarios.
#[must_use]
pub fn tests_schema() -> Value {
    schema_of_file::<TestFile>("Homeroom scenarios")
}
