//! Types, and what the compiler concludes from them.

use homeroom_plan::program::{Fits, Verb};

use crate::harness::{Compiled, compiled};

/// An event that hands what it was sent to a server event.
fn relay(types: &str, payload: &str, sent: &str) -> Compiled {
    compiled(&format!(
        r"
namespace: /a
types: {types}
rooms: {{ r: {{ allow: [{{ roles: [TEACHER] }}] }} }}
client_events:
  e: {{ in: r, payload: {payload}, do: [{{ emit: said, to: r, data: <payload> }}] }}
server_events: {{ said: {{ payload: {sent} }} }}
"
    ))
}

/// Whether what is sent needs no check while it runs.
fn is_proven(payload: &str, sent: &str) -> bool {
    doubts(relay("{}", payload, sent)) == Some(Vec::new())
}

/// The properties of what is sent that are checked while it runs; `None`: all of it is.
fn doubts(compiled: Compiled) -> Option<Vec<String>> {
    let plan = compiled.plan();
    let Verb::Emit(emit) = &plan.namespaces["/a"].client_events["e"].handler.body[0].verb else { panic!("an emit") };
    match &emit.fits {
        Fits::Proven => Some(Vec::new()),
        Fits::But(doubts) => Some(doubts.iter().map(|doubt| doubt.pointer.to_string()).collect()),
        Fits::Unknown => None,
    }
}

#[test]
fn only_what_is_in_doubt_is_checked() {
    let sends = |data: &str, sent: &str| {
        doubts(compiled(&format!(
            r"
namespace: /a
types: {{ Short: {{ type: string, maxLength: 4 }}, Sent: {{ fields: {{ a: string, id: Short }}, optional: {{ n/m: integer }} }} }}
rooms: {{ r: {{ allow: [{{ roles: [TEACHER] }}] }} }}
client_events:
  e: {{ in: r, payload: {{ fields: {{ a: string, n: number }} }}, do: [{{ emit: said, to: r, data: {data} }}] }}
server_events: {{ said: {{ payload: {sent} }} }}
"
        )))
    };
    let told = |all: &[&str]| Some(all.iter().map(ToString::to_string).collect());
    assert_eq!(sends("{ a: <a>, id: same }", "Sent"), told(&[]));
    assert_eq!(sends("{ a: <a>, id: <user.id> }", "Sent"), told(&["/id"]));
    assert_eq!(sends("{ a: <a>, id: <a>, n/m: <n> }", "Sent"), told(&["/id", "/n~1m"]));
    let more = "{ allOf: [Sent], type: object, minProperties: 2 }";
    assert_eq!(sends("{ a: <a>, id: <a> }", more), None, "more is asked than of each property");
}

#[test]
fn what_the_shapes_do_not_show_is_checked() {
    let closed = "{ fields: { a: string }, optional: { b: string } }";
    assert!(is_proven(closed, closed));
    let asks_more = "{ fields: { a: string }, optional: { b: string }, minProperties: 2 }";
    assert!(is_proven(asks_more, closed));
    assert!(is_proven(asks_more, asks_more));
    assert!(!is_proven(closed, asks_more));
    for (has, wants) in [
        ("{ type: array }", "{ type: array, uniqueItems: true }"),
        ("{ type: array }", "{ type: array, contains: string }"),
        ("{ type: object }", "{ type: object, maxProperties: 3 }"),
        ("{ type: object }", "{ type: object, propertyNames: { pattern: a } }"),
        ("{ type: object }", "{ type: object, patternProperties: { a: string } }"),
    ] {
        let wrap = |schema: &str| format!("{{ fields: {{ a: {schema} }} }}");
        assert!(!is_proven(&wrap(has), &wrap(wants)), "{wants}");
        assert!(is_proven(&wrap(wants), &wrap(wants)), "{wants}");
        assert!(is_proven(&wrap(wants), &wrap(has)), "{has}");
    }
}

#[test]
fn names_are_known_where_more_is_asked_of_an_object() {
    let text = r"
namespace: /a
rooms: { r: { allow: [{ roles: [TEACHER] }] } }
client_events:
  e:
    in: r
    payload: { fields: { a: string }, optional: { b: string, c: string }, anyOf: [{ required: [b] }, { required: [c] }] }
    do: [{ emit: said, to: r, data: { a: <a> } }]
server_events: { said: { payload: { fields: { a: string } } } }
";
    compiled(text).tells(&[]);
    compiled(&text.replace("<a>", "<aa>")).tells(&["HR0210"]);
    compiled(&text.replace("<a>", "<b>")).tells(&["HR0901"]);
}

#[test]
fn types_that_hold_themselves_many_times_are_read_at_once() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let fields = |of: &str| names.map(|name| format!("{name}: {of}")).join(", ");
    let types =
        format!("{{ T: {{ optional: {{ {}, i: U }} }}, U: {{ optional: {{ {} }} }} }}", fields("T"), fields("T"));
    relay(&types, "T", "T").tells(&[]);
}

#[test]
fn names_that_cannot_be_types_are_told() {
    for name in ["string", "binary", "a/b", "'a b'", "a~b"] {
        let told = relay(&format!("{{ {name}: {{ type: integer }} }}"), "{ fields: {} }", "{ fields: {} }");
        assert!(told.told.iter().any(|line| line.starts_with("HR0401 3:10")), "{name}: {}", told.told.join("\n"));
    }
}
