//! What a file is read as.

use homeroom_definition::model::{Allow, BackendEvent, Step};
use homeroom_definition::{Diagnostics, Sources, codes, model, parse};

fn read(text: &str) -> (Sources, model::File, Diagnostics) {
    let mut sources = Sources::new();
    let id = sources.add("a.yaml", text);
    let mut diags = Diagnostics::new();
    let file = parse(&sources, id, &mut diags);
    let file = file.unwrap_or_else(|| panic!("{:?}", diags.sorted()));
    (sources, file, diags)
}

fn codes_of(diags: &Diagnostics) -> Vec<&'static str> {
    diags.sorted().iter().map(|told| told.code).collect()
}

#[test]
fn records_keep_names_values_and_places() {
    let (sources, file, diags) =
        read("namespace: /a\nrooms:\n  class:<classId>: { allow: anyone }\nerrors: { LATE: Late }\n");
    assert!(diags.is_empty());
    assert_eq!(file.namespace.as_deref(), Some("/a"));
    let (name, room) = file.rooms.entry("class:<classId>").expect("the room");
    assert_eq!(sources.slice(name.span), "class:<classId>");
    assert_eq!(sources.slice(room.span), "{ allow: anyone }");
    assert!(matches!(room.allow, Some(Allow::Anyone)));
    assert_eq!(file.errors.get("LATE").map(|text| text.as_str()), Some("Late"));
    assert!(file.queries.is_empty() && file.imports.is_empty());
}

#[test]
fn one_and_many_read_alike() {
    let (_, file, _) = read("connect: { roles: TEACHER, check: [a, b] }");
    let connect = file.connect.expect("connect");
    assert_eq!(connect.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(), ["TEACHER"]);
    assert!(!connect.roles.is_list && connect.check.is_list);
    assert_eq!(connect.check.len(), 2);
}

#[test]
fn steps_are_told_apart_by_their_verb() {
    let (sources, file, diags) = read(
        "connect:\n  do:\n    - { join: hall, else: continue }\n    - { when: a, do: [{ emit: b }] }\n    - { each: x in xs, do: [] }\n    - { let: { a: 1 } }\n",
    );
    assert!(diags.is_empty(), "{:?}", diags.sorted());
    let body = file.connect.expect("connect").body;
    assert_eq!(body.iter().map(Step::verb).collect::<Vec<_>>(), ["join", "do", "each", "let"]);
    assert_eq!(sources.slice(body[1].span()), "{ when: a, do: [{ emit: b }] }");
    let Step::Join(join) = &body[0] else { panic!("a join") };
    assert_eq!((join.rooms[0].as_str(), join.otherwise.as_deref()), ("hall", Some("continue")));
}

#[test]
fn a_backend_event_is_a_relay_or_steps() {
    let (_, file, _) = read("backend_events: { a: b, c: { do: [{ emit: b }] } }");
    assert!(matches!(file.backend_events.get("a"), Some(BackendEvent::Relay(name)) if name == "b"));
    assert!(matches!(file.backend_events.get("c"), Some(BackendEvent::Full(steps)) if steps.body.len() == 1));
}

#[test]
fn scalars_are_text_where_text_is_wanted() {
    let (_, file, diags) = read("errors: { A: 404, B: 1.50, C: true }\nstate: { a: { ttl: 5 } }");
    assert!(diags.is_empty());
    let texts: Vec<_> = file.errors.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["404", "1.50", "true"]);
    assert_eq!(file.state.get("a").and_then(|state| state.ttl.as_deref()), Some("5"));
}

#[test]
fn what_is_wrong_is_left_out_and_the_rest_is_read() {
    let (_, file, diags) = read(
        "queries:\n  a: { sql: [1] }\n  b: { sql: select 1, cache: [5s] }\nclient_events:\n  ping: { do: [{ emit: [a] }, { emit: b }], oops: 1 }\n",
    );
    assert_eq!(diags.error_count(), 4, "{:?}", diags.sorted());
    assert!(file.queries.is_broken("a") && !file.queries.contains("a"));
    assert!(file.queries.get("b").is_some_and(|query| query.cache.is_none()));
    assert_eq!(file.client_events.get("ping").map(|event| event.body.len()), Some(1));
}

#[test]
fn null_is_a_value_in_free_places_only() {
    let (_, file, diags) =
        read("client_events:\n  ping: { ack: null, allow: anyone }\n  pong: { ack: ~, when: ~, allow: anyone }\n");
    assert_eq!(codes_of(&diags), [codes::BLANK]);
    assert!(file.client_events.iter().all(|(_, event)| event.ack.as_ref().is_some_and(|ack| ack.is_null())));
}

#[test]
fn a_split_template_is_read_as_it_was_meant() {
    let (_, file, diags) = read("client_events: { a: { ack: { x: <f(a, b)>, y: 1 }, in: [r:<g(a, b)>, s] } }");
    assert_eq!(codes_of(&diags), [codes::SPLIT_TEMPLATE, codes::SPLIT_TEMPLATE]);
    let event = file.client_events.get("a").expect("the event");
    assert_eq!(event.ack.as_ref().and_then(|ack| ack.get("x")?.as_str()), Some("<f(a, b)>"));
    assert_eq!(event.inside.iter().map(|room| room.as_str()).collect::<Vec<_>>(), ["r:<g(a, b)>", "s"]);
}

#[test]
fn a_mistake_behind_an_anchor_is_told_once() {
    let (_, _, diags) = read("client_events:\n  a: &x { oops: 1, allow: anyone }\n  b: *x\n  c: *x\n");
    assert_eq!(codes_of(&diags), [codes::UNKNOWN_KEY]);
}

#[test]
fn windows_line_ends_and_marks_are_read() {
    let (sources, file, diags) = read("\u{feff}namespace: /a\r\ndescription: b\r\n");
    assert!(diags.is_empty(), "{:?}", diags.sorted());
    assert_eq!(file.description.map(|text| sources.slice(text.span).to_owned()).as_deref(), Some("b"));
}

#[test]
fn an_empty_file_is_a_file() {
    let (_, file, diags) = read("");
    assert!(file.namespace.is_none());
    assert_eq!(codes_of(&diags), [codes::BLANK]);
}
