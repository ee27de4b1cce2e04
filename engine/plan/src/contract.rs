//! What clients and services may rely on: the events of a namespace, what they carry, and how they are answered. From it
//! the documents are made that other teams build on.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::program::{Code, History, Place};
use crate::shape::Shape;

/// How many characters a position has at most.
pub const POSITION_CHARS_MAX: usize = 2000;
/// How many positions a client is told at once at most: one a room, and one of its own.
pub const POSITIONS_MAX: usize = 129;

/// The contract of one namespace; events in the order of the file.
#[derive(Debug, Default)]
pub struct Contract {
    /// What the namespace is for.
    pub description: Option<String>,
    /// JSON Schema of what a client hands over in `auth` beside its token.
    pub auth: Option<Arc<Value>>,
    /// Whether no token is asked for.
    pub open: bool,
    /// Rooms, and who may enter them, in words.
    pub rooms: Vec<RoomTerms>,
    /// What clients may send.
    pub client_events: Vec<ClientTerms>,
    /// What services may send.
    pub backend_events: Vec<BackendTerms>,
    /// What clients may receive.
    pub server_events: Vec<ServerTerms>,
}

/// A room.
#[derive(Debug)]
pub struct RoomTerms {
    /// How its name is spelt.
    pub pattern: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who may enter, one way each.
    pub who: Vec<String>,
    /// How much of what is sent there is kept for those who are away.
    pub history: Option<History>,
}

/// What an event carries.
#[derive(Debug, Clone)]
pub enum Carries {
    /// Nothing.
    Nothing,
    /// One argument of this schema.
    One(Arc<Value>),
    /// These arguments.
    Each(Vec<Arc<Value>>),
    /// Whatever is sent.
    Any,
}

/// An event that clients may send.
#[derive(Debug)]
pub struct ClientTerms {
    /// Its name.
    pub name: Arc<str>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What it carries.
    pub carries: Carries,
    /// Who may send it, one way each; empty: anyone who is connected.
    pub who: Vec<String>,
    /// How often, as the author wrote it.
    pub limit: Option<String>,
    /// JSON Schema of the ack's arguments when it went well; `None`: whatever they are.
    pub success: Option<Vec<Value>>,
    /// JSON Schema of the ack's argument when it was refused.
    pub failure: Value,
    /// The codes it may be refused with.
    pub codes: Vec<Code>,
}

/// An event that services may send.
#[derive(Debug)]
pub struct BackendTerms {
    /// Its name.
    pub name: Arc<str>,
    /// What it is for.
    pub description: Option<String>,
    /// What it carries.
    pub carries: Carries,
}

/// An event that clients may receive.
#[derive(Debug)]
pub struct ServerTerms {
    /// Its name.
    pub name: Arc<str>,
    /// The stem of its exported names.
    pub export: String,
    /// What it tells.
    pub description: Option<String>,
    /// What it carries.
    pub carries: Carries,
    /// Where it goes where nothing else is said.
    pub to: Vec<String>,
    /// Who gets less of it: roles, and the properties that they do not get.
    pub views: Vec<ViewTerms>,
    /// Whether it may go to a room that keeps what is sent: then one more argument may follow, the positions.
    pub tells_positions: bool,
}

/// JSON Schema of the positions that clients are told, by the names of rooms.
#[must_use]
pub fn positions() -> Value {
    json!({
        "type": "object",
        "maxProperties": POSITIONS_MAX,
        "additionalProperties": { "type": "string", "maxLength": POSITION_CHARS_MAX },
    })
}

/// What some roles see of a server event.
#[derive(Debug)]
pub struct ViewTerms {
    /// The roles.
    pub roles: Vec<Arc<str>>,
    /// Properties that they do not get.
    pub omit: Vec<Box<str>>,
}

/// The JSON Schema of values of a shape.
#[must_use]
pub fn schema_of(shape: &Shape) -> Value {
    match shape {
        Shape::Any | Shape::Opaque => json!({}),
        Shape::Const(value) => json!({ "const": value }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Number { whole, limits } => limited(if *whole { "integer" } else { "number" }, limits),
        Shape::Text(limits) => limited("string", limits),
        Shape::Binary => json!({ "type": "object", "description": "An attachment." }),
        Shape::List { item, max, min, .. } => {
            let mut schema = json!({ "type": "array", "items": schema_of(item) });
            if let Some(max) = max {
                schema["maxItems"] = (*max).into();
            }
            if *min > 0 {
                schema["minItems"] = (*min).into();
            }
            schema
        }
        Shape::Object(object) => {
            let properties: Map<String, Value> =
                object.properties.iter().map(|(name, property)| (name.clone(), schema_of(&property.shape))).collect();
            let required: Vec<&str> = object
                .properties
                .iter()
                .filter(|(_, property)| !property.optional)
                .map(|(name, _)| name.as_str())
                .collect();
            let others = object.others.as_ref().map_or(Value::Bool(false), |others| schema_of(others));
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": others })
        }
        Shape::Union(all) => json!({ "anyOf": all.iter().map(schema_of).collect::<Vec<_>>() }),
    }
}

fn limited(kind: &str, limits: &Map<String, Value>) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    schema.extend(limits.iter().map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(schema)
}

/// A name of an event as one word: `grade.posted` is `GradePosted`.
#[must_use]
pub fn in_one_word(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let word: String = parts
        .map(|part| {
            let mut chars = part.chars();
            chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
        })
        .collect();
    if word.starts_with(|c: char| c.is_ascii_alphabetic()) { word } else { format!("Event{word}") }
}
