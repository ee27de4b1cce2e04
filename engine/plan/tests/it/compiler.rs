//! What the compiler makes of whole files.

use homeroom_plan::program::{Audience, Fits, Otherwise, Verb};

use crate::harness::{compile_all, compiled};

const CLASSROOM: &str = r"
namespace: /classroom
types:
  Id: { type: string, minLength: 1, maxLength: 64 }
  Typing: { fields: { classId: Id, userId: { type: string, maxLength: 64 }, isTyping: boolean } }
queries:
  teaches:
    sql: select 1 from class_teachers where class_id = :classId and teacher_id = :user.id
    cache: 30s
rooms:
  class:<classId>: { allow: [{ roles: [TEACHER], check: teaches }] }
state:
  typing:
    hash: typing:<classId>
    ttl: 5s
    max: 200
    on_expire:
      - emit: typing
        data: { classId: <classId>, userId: <entry.field>, isTyping: false }
client_events:
  join:
    payload: { fields: { classId: Id } }
    do: [{ join: class:<classId> }]
    ack: { classId: <classId> }
  typing:
    in: class:<classId>
    payload: { fields: { classId: Id, isTyping: boolean } }
    do:
      - put: typing
        field: <user.id>
        value: { since: <now> }
        when: isTyping
      - emit: typing
        except: sender
        data: { classId: <classId>, userId: <user.id>, isTyping: <isTyping> }
server_events:
  typing: { payload: Typing, to: class:<classId> }
";

#[test]
fn a_whole_file_compiles_without_a_word() {
    let compiled = compiled(CLASSROOM);
    compiled.tells(&[]);
    let plan = compiled.plan();
    let namespace = &plan.namespaces["/classroom"];
    assert_eq!(namespace.client_events.len(), 2);
    assert!(namespace.states[0].on_expire.is_some());
    let typing = &namespace.client_events["typing"];
    assert_eq!(typing.rules[0].inside.len(), 1);
    let Verb::Emit(emit) = &typing.handler.body[1].verb else { panic!("an emit comes second") };
    assert!(matches!(&*emit.to, [Audience::Room(_)]), "the server event's own room");
    assert!(matches!(emit.fits, Fits::Proven), "every property has the type that is asked for");
}

#[test]
fn the_digest_follows_the_text() {
    let one = compiled(CLASSROOM).plan().digest;
    assert_eq!(one, compiled(CLASSROOM).plan().digest);
    assert_ne!(one, compiled(&CLASSROOM.replace("5s", "6s")).plan().digest);
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = CLASSROOM
        .replace("check: teaches }", "check: teches }")
        .replace("roles: [TEACHER]", "roles: [TEACHR]")
        .replace("field: <user.id>", "field: <user.idd>")
        .replace("to: class:<classId>", "to: clas:<classId>");
    let codes = ["HR1101~", "HR0209", "HR0203", "HR0204", "HR0211", "HR0204"];
    let told = compiled(&text);
    let count = told.told.iter().filter(|line| !line.contains('~')).count();
    assert!(count >= 4, "{}", told.told.join("\n"));
    assert!(told.plan.is_none());
    for code in codes.iter().filter(|code| !code.ends_with('~')) {
        assert!(told.told.iter().any(|line| line.starts_with(code)), "{code} is missing:\n{}", told.told.join("\n"));
    }
}

#[test]
fn rooms_of_several_files_add_up() {
    let shared = "rooms:\n  class:<classId>: { allow: [{ roles: [TEACHER] }] }\n";
    let text = r"
namespace: /a
rooms:
  class:<classId>:
    presence: { userId: <user.id> }
client_events:
  join: { payload: { fields: { classId: string } }, do: [{ join: class:<classId> }, { all: class:<classId>, as: who }], ack: <who> }
";
    let compiled = compile_all(&[text, shared]);
    compiled.tells(&[]);
    let plan = compiled.plan();
    let room = &plan.namespaces["/a"].rooms[0];
    assert!(room.tracked && room.presence.is_some() && room.rules.len() == 1);
}

#[test]
fn a_row_lends_its_columns_to_the_rest_of_the_rule() {
    let text = r"
namespace: /a
queries:
  class_of: { sql: select class_id from a where id = :assignmentId, returns: { fields: { class_id: string } } }
rooms:
  class:<classId>: { allow: [{ roles: [TEACHER] }] }
  assignment:<assignmentId>: { allow: [{ check: class_of, like: class:<class_id> }] }
client_events:
  join: { payload: { fields: { assignmentId: string } }, do: [{ join: assignment:<assignmentId> }] }
";
    compiled(text).tells(&[]);
}

#[test]
fn what_is_read_looks_like_what_is_written() {
    let text = r"
namespace: /a
rooms: { r:<id>: { allow: [{ roles: [TEACHER] }] } }
state: { poll: { hash: poll:<id>, ttl: 1h, max: 10 } }
client_events:
  put: { in: r:<id>, payload: { fields: { id: string } }, do: [{ put: poll, field: poll, value: { question: Why } }, { put: poll, field: vote:<user.id>, value: { option: 1 } }] }
  get:
    in: r:<id>
    payload: { fields: { id: string } }
    do: [{ get: poll, field: poll, as: poll, else: NOT_FOUND }]
    ack: { q: <poll.question>, o: <poll.option> }
";
    compiled(text).tells(&["HR0211"]);
}

#[test]
fn an_absent_name_needs_a_guard() {
    let text = r"
namespace: /a
rooms: { r:<id>: { allow: [{ roles: [TEACHER] }] } }
client_events:
  one: { in: r:<id>, payload: { fields: { id: string }, optional: { note: string } }, do: [{ emit: said, data: { note: <note> } }] }
  two: { in: r:<id>, payload: { fields: { id: string }, optional: { note: string } }, do: [{ emit: said, data: { note: <note> }, when: note is defined }] }
  three: { in: r:<id>, payload: { fields: { id: string }, optional: { note: string } }, do: [{ emit: said, data: { note: <note | default('')> } }] }
server_events: { said: { payload: { fields: { note: string } }, to: sender } }
";
    compiled(text).tells(&["HR0901"]);
}

#[test]
fn an_else_says_that_it_is_there() {
    let text = r"
namespace: /a
rooms: { r:<id>: { allow: [{ roles: [TEACHER] }] } }
state: { s: { hash: s:<id>, ttl: 1h, max: 10 } }
errors: { GONE: It is gone. }
client_events:
  e:
    in: r:<id>
    payload: { fields: { id: string } }
    do:
      - { put: s, field: a, value: { x: 1 } }
      - { get: s, field: a, as: found, else: stop }
      - { let: { y: <found.x + 1> } }
    ack: <y>
";
    compiled(text).tells(&["HR1101~"]);
    let plan = compiled(&text.replace("else: stop", "else: GONE").replace("- { put", "- { when: false, put"));
    plan.tells(&["HR0605~"]);
    let plan = plan.plan();
    let event = &plan.namespaces["/a"].client_events["e"];
    assert_eq!(event.handler.body[1].otherwise, Otherwise::Refuse("GONE".into()));
}

#[test]
fn hooks_are_called_with_what_they_ask_for() {
    let text = r"
namespace: /a
rooms: { r:<id>: { allow: [{ roles: [TEACHER] }] } }
client_events:
  e:
    in: r:<id>
    payload: { fields: { id: string, values: { type: array, maxItems: 5, items: number } } }
    do: [{ call: add_up, as: total }]
    ack: <total.sum>
";
    compiled(text).tells(&[]);
    compiled(&text.replace("items: number", "items: string")).tells(&["HR0901"]);
    compiled(&text.replace("add_up", "add_upp")).tells(&["HR0206"]);
}

#[test]
fn the_values_of_a_hash_are_as_many_as_its_state_allows() {
    let text = r"
namespace: /a
rooms: { r:<id>: { allow: [{ roles: [TEACHER] }] } }
state: { seats: { hash: seats:<id>, ttl: 1h, max: 30 } }
server_events: { said: { payload: { fields: { who: string } } } }
client_events:
  sit:
    in: r:<id>
    payload: { fields: { id: string } }
    do:
      - { put: seats, field: <user.id>, value: { who: <user.id> } }
      - { all: seats, as: seats }
      - { each: seat in seats | values, do: [{ emit: said, to: r:<id>, data: { who: <seat.who> } }] }
";
    compiled(text).tells(&[]);
}
