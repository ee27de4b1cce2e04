//! Other crates make records of their own, for settings and for tests.

use homeroom_definition::{Diagnostics, Many, Node, Sources, Table, Text, codes, parse_as, record, schema};

record! {
    /// The settings of a kettle.
    pub struct Kettle {
        /// Where it stands.
        "place" place: Text,
        /// Who may use it.
        "users" users: Many<Text>,
        /// Its parts.
        "parts" parts: Table<Node>,
        /// The lid.
        "lid" lid: Option<Lid>,
    }
}

record! {
    /// A lid.
    pub struct Lid {
        /// Its colour.
        "colour" colour: Option<Text>,
    }
}

fn read(text: &str) -> (Option<Kettle>, Vec<&'static str>) {
    let mut sources = Sources::new();
    let id = sources.add("kettle.yaml", text);
    let mut diags = Diagnostics::new();
    let kettle = parse_as(&sources, id, &mut diags);
    (kettle, diags.sorted().iter().map(|told| told.code).collect())
}

#[test]
fn they_are_read_by_the_same_rules() {
    let (kettle, told) = read("place: kitchen\nusers: anna\nlid: { colour: red }\n");
    let kettle = kettle.expect("a kettle");
    assert!(told.is_empty());
    assert_eq!((kettle.place.as_str(), kettle.users.len(), kettle.parts.len()), ("kitchen", 1, 0));
    assert_eq!(kettle.lid.and_then(|lid| lid.colour).as_deref(), Some("red"));
}

#[test]
fn what_must_be_there_must_be_there() {
    let (kettle, told) = read("users: anna\nlid: { color: red }\n");
    assert!(kettle.is_none());
    assert_eq!(told, [codes::MISSING_KEY, codes::UNKNOWN_KEY]);
}

#[test]
fn they_have_a_schema() {
    let schema = schema::schema_of_file::<Kettle>("A kettle");
    assert_eq!(schema["required"], serde_json::json!(["place"]));
    assert_eq!(schema["$defs"]["Lid"]["description"], "A lid.");
}
