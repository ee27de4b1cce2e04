//! What stands differently but means the same is no change; what means something else is.

use homeroom_cli::diff::compared;
use homeroom_definition::render::Look;
use homeroom_plan::diff::report;

const FILE: &str = "namespace: /chat
connect: { roles: [TEACHER, STUDENT] }
types:
  Id: { type: string, maxLength: 64 }
  Line: { fields: { classId: Id, text: string }, optional: { mood: { enum: [glad, sad] } } }
queries:
  teaches: { sql: select 1 from t where class = :classId and teacher = :user.id }
  lines_of: { sql: 'select text from lines where class = :classId', returns: [{ fields: { text: string } }], max_rows: 20 }
rooms:
  staff:<classId>: { allow: [{ roles: [TEACHER, ADMIN], check: teaches }] }
  class:<classId>:
    allow:
      - { like: 'staff:<classId>' }
      - { roles: [STUDENT], when: user.schoolId is defined and classId == user.schoolId }
state:
  lines: { list: 'chat:<classId>:lines', ttl: 1h, max: 100 }
steps:
  tell: { fields: { classId: Id, text: string }, do: [{ emit: said, to: 'class:<classId>', data: { text: <text> } }] }
client_events:
  chat:join:
    payload: { fields: { classId: Id } }
    do:
      - { join: 'class:<classId>' }
      - { query: lines_of, as: found }
      - each: line in found
        do: [{ emit: said, to: sender, data: { text: <line.text> } }]
      - { count: lines, as: many }
    ack: { many: <many> }
  chat:say:
    in: [class:<classId>, staff:<classId>]
    payload: Line
    do:
      - { push: lines, value: { text: <text> }, when: mood is defined }
      - { call: tell }
server_events:
  said: { payload: { fields: { text: string } } }
";

fn told(old: &str, new: &str) -> String {
    let file = |text: &str| [("chat.yaml".to_owned(), text.to_owned())];
    let of = |text: &str| super::version(&file(text)).unwrap_or_else(|told| panic!("{told}\n{text}"));
    report::text(&compared(&of(old), &of(new)), Look::Plain)
}

fn changed(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from}");
    told(FILE, &FILE.replace(from, to))
}

#[test]
fn what_means_the_same_is_no_change() {
    let same = [
        // Defaults, written out.
        ("namespace: /chat\n", "namespace: /chat\nauth: jwt\nenvelope: success\nunknown_fields: refuse\n"),
        ("ttl: 1h, max: 100 }", "ttl: 1h, max: 100, max_bytes: 65536, when_full: refuse }"),
        ("    payload: Line\n", "    payload: Line\n    rate_limit: 100 per 10s\n"),
        ("as: many }", "as: many, else: continue }"),
        ("to: sender, data", "volatile: false, to: sender, data"),
        // Units, order, comments, layout.
        ("ttl: 1h, max: 100", "max: 100, ttl: 60m"),
        ("roles: [TEACHER, ADMIN], check: teaches", "check: [teaches], roles: [ADMIN, TEACHER]"),
        ("in: [class:<classId>, staff:<classId>]", "in: [staff:<classId>, class:<classId>] # either"),
        ("fields: { classId: Id, text: string }, optional", "fields: { text: string, classId: Id }, optional"),
        (
            "select 1 from t where class = :classId and teacher = :user.id",
            "SELECT 1 FROM t   WHERE class=:classId AND teacher=:user.id",
        ),
        // Names that nobody outside sees.
        ("found", "these"),
        (
            "each: line in found\n        do: [{ emit: said, to: sender, data: { text: <line.text>",
            "each: one in found\n        do: [{ emit: said, to: sender, data: { text: <one.text>",
        ),
        ("teaches", "is_teacher_of"),
        ("tell", "pass_on"),
        ("lines: { list", "lines: { description: '', list"),
        // Rooms by their pattern.
        (
            "staff:<classId>: { allow: [{ roles: [TEACHER, ADMIN], check: teaches }] }",
            "staff:<id>: { allow: [{ roles: [TEACHER, ADMIN], check: teaches, with: { classId: <id> } }] }",
        ),
        // The same said otherwise.
        ("- { like: 'staff:<classId>' }", "- { roles: [TEACHER, ADMIN], check: teaches }"),
        (
            "{ roles: [TEACHER, ADMIN], check: teaches }",
            "{ roles: [TEACHER], check: teaches }, { roles: [ADMIN], check: teaches }",
        ),
        (
            "roles: [STUDENT], when: user.schoolId is defined",
            "when: user.role == 'STUDENT' and user.schoolId is defined",
        ),
        ("classId == user.schoolId }", "user.schoolId == classId }"),
        ("when: mood is defined", "when: not (payload.mood is not defined)"),
        ("{ text: <text> }, when", "{ text: <payload.text> }, when"),
        ("{ call: tell }", "{ call: tell, with: { text: <text>, classId: <classId> } }"),
        (
            "payload: Line",
            "payload: { fields: { classId: Id, text: string }, optional: { mood: { enum: [sad, glad] } } }",
        ),
    ];
    for (from, to) in same {
        let told = changed(from, to);
        let is_layout = told == "Nothing changes.\n" || told.contains("description") || told.contains("type `Line`");
        assert!(is_layout, "{from}\n{to}\n{told}");
    }
}

#[test]
fn a_file_that_was_moved_or_parted_is_no_change() {
    let (head, rooms) = FILE.split_once("rooms:\n").expect("rooms");
    let (rooms, rest) = rooms.split_once("state:\n").expect("state");
    let types = head.split_once("types:\n").expect("types");
    let parted = [
        ("a/main.yaml".to_owned(), format!("{}imports: [../shared.yaml]\nstate:\n{rest}", types.0)),
        ("shared.yaml".to_owned(), format!("types:\n{}rooms:\n{rooms}", types.1)),
    ];
    let whole = [("chat.yaml".to_owned(), FILE.to_owned())];
    let (old, new) = (super::version(&whole).expect("it compiles"), super::version(&parted).expect("it compiles"));
    assert_eq!(report::text(&compared(&old, &new), Look::Plain), "Nothing changes.\n");
}

#[test]
fn what_means_something_else_is_a_change() {
    let other = [
        ("classId == user.schoolId }", "classId != user.schoolId }", "on other grounds"),
        (
            "in: [class:<classId>, staff:<classId>]",
            "in: class:<classId>",
            "no longer send `chat:say` just because they are in `staff:<classId>`",
        ),
        ("to: sender, data", "to: others, data", "to `others` now; it was to `sender`"),
        ("- { count: lines, as: many }", "- { count: 'class:<classId>', as: many }", "counts"),
        ("when: mood is defined", "when: mood is not defined", "when `mood is not defined` now"),
        ("list: 'chat:<classId>:lines'", "list: 'talk:<classId>:lines'", "no longer found"),
        ("select 1 from t where", "select 1 from u where", "written differently"),
        ("max: 100", "max: 10", "tighter: it holds at most 10 entries now; it was 100"),
        ("[glad, sad]", "[glad]", "`mood` may no longer be `sad`"),
    ];
    for (from, to, words) in other {
        let told = changed(from, to);
        assert!(told != "Nothing changes.\n" && told.contains(words), "{from}\n{to}\n{told}");
    }
}

#[test]
fn names_that_change_places_are_a_change() {
    let old = FILE.replace("ack: { many: <many> }", "ack: { a: <many>, b: <found | length> }");
    let new = FILE.replace("ack: { many: <many> }", "ack: { a: <found | length>, b: <many> }");
    assert!(told(&old, &new).contains("its answer"), "{}", told(&old, &new));
}
